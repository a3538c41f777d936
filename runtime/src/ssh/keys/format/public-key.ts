import { timingSafeEqual } from "node:crypto";
import { copyBytes } from "../../../base/copy-bytes.js";
import { printable } from "../../../base/printable.js";
import { BinaryReader } from "./binary-reader.js";
import { fingerprint } from "./fingerprint.js";

/** A public key of a file or a peer. */
export interface PublicKey {
  /** Such as `ssh-ed25519`; the blob has the same type. */
  readonly type: string;
  /** SSH's binary form (RFC 4253, section 6.6). */
  readonly blob: Buffer;
  /** `SHA256:` and base64. */
  readonly fingerprint: string;
}

/** The supported types of user keys. RSA signatures must use SHA-2. */
export const KEY_TYPES: readonly string[] = [
  "ssh-ed25519",
  "sk-ssh-ed25519@openssh.com",
  "sk-ecdsa-sha2-nistp256@openssh.com",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "ssh-rsa",
];

/** The supported types of host keys. RSA signatures must use SHA-2. */
export const HOST_KEY_TYPES: readonly string[] = KEY_TYPES.filter((type) => !type.startsWith("sk-"));

/** In bytes: an RSA key of 16,384 bits has 2 KiB. */
const MAX_BLOB = 16 * 1024;

/** Whether a type is that of a certificate, such as `ssh-ed25519-cert-v01@openssh.com`. */
export function isCertificateType(type: string): boolean {
  return type.endsWith("-cert-v01@openssh.com");
}

/**
 * Parses a key of a file: its type, and its blob in base64.
 * @throws Error of one line, where the key is damaged, or the blob has another type
 */
export function parsePublicKey(type: string, base64: string): PublicKey {
  if (!/^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) {
    throw new Error(`damaged ${printable(type, 60)} key: invalid base64`);
  }
  const key = publicKeyFromBlob(Buffer.from(base64, "base64"));
  if (key === undefined) throw new Error(`damaged or truncated ${printable(type, 60)} key`);
  if (key.type !== type) {
    throw new Error(`the key is labeled ${printable(type, 60)}, but its type is ${printable(key.type, 60)}`);
  }
  return key;
}

/** Parses a key in SSH's binary form; undefined where it is damaged. The key holds a copy of `blob`, which it may outlive. */
export function publicKeyFromBlob(blob: Buffer): PublicKey | undefined {
  const fields = blob.length > MAX_BLOB ? undefined : readStrings(blob);
  const type = fields?.[0]?.toString("latin1");
  if (fields === undefined || type === undefined || !/^[\x21-\x7e]{1,64}$/.test(type)) return undefined;
  if (type === "ssh-ed25519" && (fields.length !== 2 || fields[1]?.length !== 32)) return undefined;
  return { type, blob: copyBytes(blob), fingerprint: fingerprint(blob) };
}

/** A plain key consists of strings (RFC 4251, section 5), without trailing bytes. */
function readStrings(blob: Buffer): Buffer[] | undefined {
  try {
    const fields = new BinaryReader(blob).strings();
    return fields.length < 2 ? undefined : fields;
  } catch {
    return undefined;
  }
}

/** Formats a key for authorized_keys and known_hosts: type, space, base64. */
export function publicKeyLine(key: PublicKey): string {
  return `${key.type} ${key.blob.toString("base64")}`;
}

/** Whether two keys are equal, compared in constant time. */
export function sameKey(a: PublicKey, b: PublicKey): boolean {
  return a.blob.length === b.blob.length && timingSafeEqual(a.blob, b.blob);
}
