import { copyBytes } from "../../../base/copy-bytes.js";
import { errorMessage } from "../../../base/error-message.js";
import { printable } from "../../../base/printable.js";
import { BinaryReader } from "./binary-reader.js";
import { string } from "./binary-writer.js";
import { isCertificateType, KEY_TYPES, type PublicKey, publicKeyFromBlob } from "./public-key.js";
import { parseSignature, type Signature, verifySignature } from "./signature.js";

/** A certificate, as OpenSSH's PROTOCOL.certkeys lays it out. Nothing of it holds before its signature was verified. */
export interface Certificate {
  /** Such as `ssh-ed25519-cert-v01@openssh.com`. */
  readonly type: string;
  /** The key that it certifies. */
  readonly key: PublicKey;
  /** 0 where its authority gave none. */
  readonly serial: bigint;
  /** What it is for. */
  readonly role: "user" | "host";
  readonly keyId: string;
  /** The user or host names that it may be used for. */
  readonly principals: readonly string[];
  /** Seconds since 1970, from which it is valid. */
  readonly validAfter: bigint;
  /** Seconds since 1970, from which it is valid no more; 2^64 - 1 for never. */
  readonly validBefore: bigint;
  /** What it must not be used without. The bytes are those of each option, which have a format of their own. */
  readonly criticalOptions: ReadonlyMap<string, Buffer>;
  readonly extensions: ReadonlyMap<string, Buffer>;
  /** The key of the authority that signed it. */
  readonly authority: PublicKey;
  readonly signature: Signature;
  /** What the signature is made of. */
  readonly signed: Buffer;
}

/** {@link Certificate.validBefore} of a certificate that never expires. */
export const FOREVER = 2n ** 64n - 1n;

/** A longer one is no certificate. In bytes. */
const MAX_SIZE = 64 * 1024;
/** As many as OpenSSH takes. */
const MAX_PRINCIPALS = 256;
const MAX_OPTIONS = 256;

/** The strings of each plain key between its type and its end. */
const KEY_FIELDS: Readonly<Record<string, number>> = {
  "ssh-ed25519": 1,
  "ssh-rsa": 2,
  "ecdsa-sha2-nistp256": 2,
  "ecdsa-sha2-nistp384": 2,
  "ecdsa-sha2-nistp521": 2,
  "sk-ssh-ed25519@openssh.com": 2,
  "sk-ecdsa-sha2-nistp256@openssh.com": 3,
};

/**
 * Reads a certificate in SSH's binary form. It has a copy of `blob`: it may live as long as a connection.
 * @throws Error of one line, where it is damaged or of an unknown type; bytes before the end that mean nothing count as
 * damage
 */
export function parseCertificate(blob: Buffer): Certificate {
  try {
    if (blob.length > MAX_SIZE) throw new RangeError(`it is longer than ${MAX_SIZE} bytes`);
    const own = copyBytes(blob);
    return read(new BinaryReader(own), own);
  } catch (error) {
    throw new Error(`the certificate is damaged: ${errorMessage(error)}`, { cause: error });
  }
}

/** Whether the authority in a certificate has signed it, with an algorithm that can be trusted: never with SHA-1. */
export function isSignedByItsAuthority(certificate: Certificate): boolean {
  return verifySignature(certificate.authority, certificate.signature, certificate.signed)?.touched === true;
}

function read(reader: BinaryReader, blob: Buffer): Certificate {
  const type = reader.text();
  const plainType = plainKeyType(type);
  const fields = KEY_FIELDS[plainType ?? ""];
  if (plainType === undefined || fields === undefined)
    throw new Error(`no type of certificate: ${printable(type, 60)}`);
  // The nonce, which makes each certificate unlike every other.
  reader.string();
  const keyStart = reader.position;
  for (let field = 0; field < fields; field++) reader.string();
  const key = plainKey(plainType, blob.subarray(keyStart, reader.position));
  const serial = reader.uint64();
  const role = readRole(reader.uint32());
  const keyId = reader.text();
  const principals = readPrincipals(reader.string());
  const validAfter = reader.uint64();
  const validBefore = reader.uint64();
  const criticalOptions = readOptions(reader.string());
  const extensions = readOptions(reader.string());
  reader.string();
  const authority = readAuthority(reader.string());
  const signed = blob.subarray(0, reader.position);
  const signature = parseSignature(reader.string());
  if (!reader.done) throw new RangeError("bytes follow it");
  return {
    ...{ type, key, serial, role, keyId, principals, validAfter, validBefore },
    ...{ criticalOptions, extensions, authority, signature, signed },
  };
}

/** The type of the key in certificates of a type; undefined where that is none. */
export function plainKeyType(type: string): string | undefined {
  if (!isCertificateType(type)) return undefined;
  const name = type.replace(/-cert-v01@openssh\.com$/, "");
  // The names of security keys carry their domain at the end, too.
  return KEY_TYPES.find((plain) => plain === name || plain === `${name}@openssh.com`);
}

/** The key is taken from its own fields: what the nonce before them looks like is of no matter. */
function plainKey(type: string, fields: Buffer): PublicKey {
  const key = publicKeyFromBlob(Buffer.concat([string(type), fields]));
  if (key === undefined) throw new RangeError("so is its key");
  return key;
}

function readRole(role: number): "user" | "host" {
  if (role !== 1 && role !== 2) throw new RangeError(`it is for ${role}, which is neither user nor host`);
  return role === 1 ? "user" : "host";
}

function readPrincipals(bytes: Buffer): readonly string[] {
  const principals = new BinaryReader(bytes).strings();
  if (principals.length > MAX_PRINCIPALS) throw new RangeError(`it has more than ${MAX_PRINCIPALS} principals`);
  return principals.map((principal) => principal.toString("utf8"));
}

function readOptions(bytes: Buffer): ReadonlyMap<string, Buffer> {
  const reader = new BinaryReader(bytes);
  const options = new Map<string, Buffer>();
  while (!reader.done) {
    const name = reader.text();
    if (options.has(name)) throw new RangeError(`it says ${printable(name, 60)} twice`);
    if (options.size === MAX_OPTIONS) throw new RangeError(`it has more than ${MAX_OPTIONS} options`);
    options.set(name, reader.string());
  }
  return options;
}

function readAuthority(blob: Buffer): PublicKey {
  const authority = publicKeyFromBlob(blob);
  if (authority === undefined) throw new RangeError("so is the key of its authority");
  if (isCertificateType(authority.type)) throw new RangeError("its authority is a certificate itself");
  return authority;
}
