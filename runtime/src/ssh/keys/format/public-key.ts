import { timingSafeEqual } from "node:crypto";
import { copyBytes } from "../../../base/copy-bytes.js";
import { printable } from "../../../base/printable.js";
import { BinaryReader } from "./binary-reader.js";
import { fingerprint } from "./fingerprint.js";

/** A public key, as files list it and peers present it. */
export interface PublicKey {
  /** Such as `ssh-ed25519`: the same outside and inside the blob. */
  readonly type: string;
  /** SSH's binary form of it (RFC 4253, section 6.6). */
  readonly blob: Buffer;
  /** `SHA256:` and base64. */
  readonly fingerprint: string;
}

/** The types of user keys whose signatures can be verified. Those of RSA are accepted with SHA-2 only. */
export const KEY_TYPES: readonly string[] = [
  "ssh-ed25519",
  "sk-ssh-ed25519@openssh.com",
  "sk-ecdsa-sha2-nistp256@openssh.com",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "ssh-rsa",
];

/** A longer one is no key: an RSA key of 16,384 bits has 2 KiB. */
const MAX_BLOB = 16 * 1024;

/** Whether a type, such as `ssh-ed25519-cert-v01@openssh.com`, is that of a certificate. */
export function isCertificateType(type: string): boolean {
  return type.endsWith("-cert-v01@openssh.com");
}

/**
 * Reads a key as files write it: its type, and its blob in base64.
 * @throws Error of one line without the place, where it is damaged, or the type outside is not the one inside.
 */
export function parsePublicKey(type: string, base64: string): PublicKey {
  if (!/^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) {
    throw new Error(`the ${printable(type, 60)} key is damaged: it is not base64`);
  }
  const key = publicKeyFromBlob(Buffer.from(base64, "base64"));
  if (key === undefined) throw new Error(`the ${printable(type, 60)} key is damaged or cut off`);
  if (key.type !== type) {
    throw new Error(`the key says ${printable(type, 60)} outside and ${printable(key.type, 60)} inside`);
  }
  return key;
}

/** Reads a key in SSH's binary form; undefined where it is damaged. The key has a copy of `blob`: it may live as long as a connection. */
export function publicKeyFromBlob(blob: Buffer): PublicKey | undefined {
  const fields = blob.length > MAX_BLOB ? undefined : readStrings(blob);
  const type = fields?.[0]?.toString("latin1");
  if (fields === undefined || type === undefined || !/^[\x21-\x7e]{1,64}$/.test(type)) return undefined;
  if (type === "ssh-ed25519" && (fields.length !== 2 || fields[1]?.length !== 32)) return undefined;
  return { type, blob: copyBytes(blob), fingerprint: fingerprint(blob) };
}

/** Every plain key is a row of strings (RFC 4251, section 5) and nothing behind them. */
function readStrings(blob: Buffer): Buffer[] | undefined {
  try {
    const fields = new BinaryReader(blob).strings();
    return fields.length < 2 ? undefined : fields;
  } catch {
    return undefined;
  }
}

/** The key as authorized_keys and known_hosts write it: type, space, base64. */
export function publicKeyLine(key: PublicKey): string {
  return `${key.type} ${key.blob.toString("base64")}`;
}

/** Whether two keys are the same, in a time that does not tell how much of them is. */
export function sameKey(a: PublicKey, b: PublicKey): boolean {
  return a.blob.length === b.blob.length && timingSafeEqual(a.blob, b.blob);
}
