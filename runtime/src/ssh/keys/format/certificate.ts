import { copyBytes } from "../../../base/copy-bytes.js";
import { errorMessage } from "../../../base/error-message.js";
import { printable } from "../../../base/printable.js";
import { BinaryReader } from "./binary-reader.js";
import { string } from "./binary-writer.js";
import { isCertificateType, KEY_TYPES, type PublicKey, publicKeyFromBlob } from "./public-key.js";
import { parseSignature, type Signature, verifySignature } from "./signature.js";

/** A certificate of OpenSSH's PROTOCOL.certkeys. Its fields are untrusted until its signature is verified. */
export interface Certificate {
  /** Such as `ssh-ed25519-cert-v01@openssh.com`. */
  readonly type: string;
  /** The certified key. */
  readonly key: PublicKey;
  /** 0 where the authority set none. */
  readonly serial: bigint;
  /** User certificates log in; host certificates identify servers. */
  readonly role: "user" | "host";
  readonly keyId: string;
  /** The user or host names that it is valid for. */
  readonly principals: readonly string[];
  /** Start of the validity period, in seconds since 1970. */
  readonly validAfter: bigint;
  /** End of the validity period, exclusive, in seconds since 1970; 2^64 - 1 for never. */
  readonly validBefore: bigint;
  /** Options that a verifier must support, with their encoded values. */
  readonly criticalOptions: ReadonlyMap<string, Buffer>;
  readonly extensions: ReadonlyMap<string, Buffer>;
  /** The key of the authority that signed it. */
  readonly authority: PublicKey;
  readonly signature: Signature;
  /** The signed bytes. */
  readonly signed: Buffer;
}

/** {@link Certificate.validBefore} of a certificate that never expires. */
export const FOREVER = 2n ** 64n - 1n;

/** Bytes of a certificate. */
export const MAX_SIZE = 32 * 1024;
/** The limit of OpenSSH. */
/** Principals of a certificate. */
export const MAX_PRINCIPALS = 256;
/** Critical options of a certificate, and as many extensions. */
export const MAX_OPTIONS = 256;

/** The number of strings that follow the type in each plain key. */
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
 * Parses a certificate in SSH's binary form. The result holds a copy of `blob`, which it may outlive.
 * @throws Error of one line, where it is damaged, of an unknown type, or has trailing bytes
 */
export function parseCertificate(blob: Buffer): Certificate {
  try {
    if (blob.length > MAX_SIZE) throw new RangeError(`longer than ${MAX_SIZE} bytes`);
    const copy = copyBytes(blob);
    return read(new BinaryReader(copy), copy);
  } catch (error) {
    throw new Error(`damaged certificate: ${errorMessage(error)}`, { cause: error });
  }
}

/** Whether the signature of a certificate is by its authority. SHA-1 signatures are not accepted. */
export function isSignedByItsAuthority(certificate: Certificate): boolean {
  return verifySignature(certificate.authority, certificate.signature, certificate.signed)?.touched === true;
}

function read(reader: BinaryReader, blob: Buffer): Certificate {
  const type = reader.text();
  const plainType = plainKeyType(type);
  const fields = KEY_FIELDS[plainType ?? ""];
  if (plainType === undefined || fields === undefined)
    throw new Error(`unknown certificate type: ${printable(type, 60)}`);
  // The nonce.
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
  if (!reader.done) throw new RangeError("trailing bytes");
  return {
    ...{ type, key, serial, role, keyId, principals, validAfter, validBefore },
    ...{ criticalOptions, extensions, authority, signature, signed },
  };
}

/** The type of the certified key; undefined where `type` is not a certificate type. */
export function plainKeyType(type: string): string | undefined {
  if (!isCertificateType(type)) return undefined;
  const name = type.replace(/-cert-v01@openssh\.com$/, "");
  // Types of security keys end with their domain as well.
  return KEY_TYPES.find((plain) => plain === name || plain === `${name}@openssh.com`);
}

/** Builds the plain key from its fields in the certificate. */
function plainKey(type: string, fields: Buffer): PublicKey {
  const key = publicKeyFromBlob(Buffer.concat([string(type), fields]));
  if (key === undefined) throw new RangeError("damaged key");
  return key;
}

function readRole(role: number): "user" | "host" {
  if (role !== 1 && role !== 2) throw new RangeError(`unknown role ${role}, neither user nor host`);
  return role === 1 ? "user" : "host";
}

function readPrincipals(bytes: Buffer): readonly string[] {
  const principals = new BinaryReader(bytes).strings();
  if (principals.length > MAX_PRINCIPALS) throw new RangeError(`more than ${MAX_PRINCIPALS} principals`);
  return principals.map((principal) => principal.toString("utf8"));
}

function readOptions(bytes: Buffer): ReadonlyMap<string, Buffer> {
  const reader = new BinaryReader(bytes);
  const options = new Map<string, Buffer>();
  while (!reader.done) {
    const name = reader.text();
    if (options.has(name)) throw new RangeError(`repeated option ${printable(name, 60)}`);
    if (options.size === MAX_OPTIONS) throw new RangeError(`more than ${MAX_OPTIONS} options`);
    options.set(name, reader.string());
  }
  return options;
}

function readAuthority(blob: Buffer): PublicKey {
  const authority = publicKeyFromBlob(blob);
  if (authority === undefined) throw new RangeError("damaged key of the authority");
  if (isCertificateType(authority.type)) throw new RangeError("the authority is a certificate");
  return authority;
}
