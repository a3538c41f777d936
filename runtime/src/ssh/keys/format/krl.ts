import { createHash } from "node:crypto";
import { errorMessage } from "../../../base/error-message.js";
import { BinaryReader } from "./binary-reader.js";
import type { Certificate } from "./certificate.js";
import type { PublicKey } from "./public-key.js";

/** A key revocation list: OpenSSH's PROTOCOL.krl, as `ssh-keygen -k` writes it. */
export class KeyRevocationList {
  /** Blobs in base64; hashes of blobs in hex. */
  readonly #keys = new Set<string>();
  readonly #sha1 = new Set<string>();
  readonly #sha256 = new Set<string>();
  readonly #certificates: CertificateSection[] = [];

  /** @throws Error of one line, where it is damaged, or has an unknown section, which may revoke more */
  constructor(data: Buffer) {
    try {
      this.#read(new BinaryReader(data));
    } catch (error) {
      throw new Error(`damaged key revocation list: ${errorMessage(error)}`, { cause: error });
    }
  }

  /** Whether a file has the magic number of a KRL. */
  static isKrl(data: Buffer): boolean {
    return data.length >= MAGIC.length && data.subarray(0, MAGIC.length).equals(MAGIC);
  }

  /** Whether a key is revoked, and with it all its certificates. */
  revokes({ blob }: PublicKey): boolean {
    return (
      this.#keys.has(blob.toString("base64")) ||
      (this.#sha1.size > 0 && this.#sha1.has(hash("sha1", blob))) ||
      (this.#sha256.size > 0 && this.#sha256.has(hash("sha256", blob)))
    );
  }

  /** Whether a certificate is revoked by its serial number or key ID. */
  revokesCertificate(certificate: Certificate): boolean {
    return this.#certificates.some((section) => section.revokes(certificate));
  }

  #read(reader: BinaryReader): void {
    if (!reader.bytes(MAGIC.length).equals(MAGIC)) throw new RangeError("wrong magic number");
    const version = reader.uint32();
    if (version !== 1) throw new RangeError(`unknown format version ${version}; only 1 is supported`);
    // KRL version, generation date, flags; then a reserved string, and a comment.
    reader.bytes(24);
    reader.string();
    reader.string();
    while (!reader.done) this.#readSection(reader.byte(), new BinaryReader(reader.string()));
  }

  #readSection(type: number, section: BinaryReader): void {
    switch (type) {
      case 1:
        this.#certificates.push(new CertificateSection(section));
        break;
      case 2:
        for (const blob of section.strings()) this.#keys.add(blob.toString("base64"));
        break;
      case 3:
        for (const sum of section.strings()) this.#sha1.add(sum.toString("hex"));
        break;
      case 5:
        for (const sum of section.strings()) this.#sha256.add(sum.toString("hex"));
        break;
      case 255:
        readExtension(section);
        break;
      default:
        // Includes signatures (4), which OpenSSH has removed.
        throw new RangeError(`unknown section type ${type}`);
    }
  }
}

const MAGIC = Buffer.from("SSHKRL\n\0", "latin1");

/** First and last serial number. */
type Range = readonly [bigint, bigint];

/** The revoked certificates of one authority. */
class CertificateSection {
  /** The authority's key; empty for all authorities. */
  readonly #authority: Buffer;
  readonly #ranges: Range[] = [];
  readonly #bitmaps: { readonly offset: bigint; readonly bits: Buffer }[] = [];
  readonly #serials = new Set<bigint>();
  readonly #keyIds = new Set<string>();

  constructor(reader: BinaryReader) {
    this.#authority = reader.string();
    reader.string();
    while (!reader.done) this.#readPart(reader.byte(), new BinaryReader(reader.string()));
  }

  revokes({ authority, serial, keyId }: Certificate): boolean {
    if (this.#authority.length > 0 && !this.#authority.equals(authority.blob)) return false;
    if (this.#keyIds.has(keyId)) return true;
    // 0 means that the authority set no serial number.
    if (serial === 0n) return false;
    return (
      this.#serials.has(serial) ||
      this.#ranges.some(([from, to]) => from <= serial && serial <= to) ||
      this.#bitmaps.some(({ offset, bits }) => hasBit(bits, serial - offset))
    );
  }

  #readPart(type: number, part: BinaryReader): void {
    switch (type) {
      case 0x20:
        while (!part.done) this.#serials.add(part.uint64());
        break;
      case 0x21:
        this.#ranges.push([part.uint64(), part.uint64()]);
        break;
      case 0x22:
        this.#bitmaps.push({ offset: part.uint64(), bits: part.string() });
        break;
      case 0x23:
        for (const keyId of part.strings()) this.#keyIds.add(keyId.toString("utf8"));
        break;
      case 0x39:
        readExtension(part);
        break;
      default:
        throw new RangeError(`unknown certificate section type ${type}`);
    }
  }
}

/** Reads a bit of an mpint; bit 0 is the last. */
function hasBit(bits: Buffer, index: bigint): boolean {
  if (index < 0n || index >= BigInt(bits.length) * 8n) return false;
  const at = Number(index);
  return (((bits[bits.length - 1 - (at >> 3)] as number) >> (at & 7)) & 1) === 1;
}

function readExtension(reader: BinaryReader): void {
  const name = reader.text();
  if (reader.byte() !== 0) throw new RangeError(`unknown critical extension ${JSON.stringify(name)}`);
}

function hash(algorithm: "sha1" | "sha256", blob: Buffer): string {
  return createHash(algorithm).update(blob).digest("hex");
}
