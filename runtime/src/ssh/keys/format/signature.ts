import { createHash, verify } from "node:crypto";
import { BinaryReader } from "./binary-reader.js";
import type { PublicKey } from "./public-key.js";
import { toKeyObject } from "./public-key-object.js";

/** A parsed signature. */
export interface Signature {
  /** Such as `rsa-sha2-256`. */
  readonly algorithm: string;
  readonly bytes: Buffer;
  /** The encoding of an ECDSA signature in `bytes`: ASN.1, or that of SSH (RFC 5656, section 3.1.2). */
  readonly encoding: "der" | "ssh";
  /** The suffix of a security key: a byte of flags, and a 32-bit counter. */
  readonly device?: Buffer;
}

/** How a valid signature was made. Both are true for keys other than security keys. */
interface SignatureProof {
  /** A user touched the device. */
  readonly touched: boolean;
  /** The device verified the user by a PIN or fingerprint. */
  readonly userVerified: boolean;
}

/** The signature algorithms of each key type, with their hashes. SHA-1 is not supported. */
const ALGORITHMS: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
  "ssh-ed25519": { "ssh-ed25519": null },
  "sk-ssh-ed25519@openssh.com": { "sk-ssh-ed25519@openssh.com": null },
  "sk-ecdsa-sha2-nistp256@openssh.com": { "sk-ecdsa-sha2-nistp256@openssh.com": "sha256" },
  "ecdsa-sha2-nistp256": { "ecdsa-sha2-nistp256": "sha256" },
  "ecdsa-sha2-nistp384": { "ecdsa-sha2-nistp384": "sha384" },
  "ecdsa-sha2-nistp521": { "ecdsa-sha2-nistp521": "sha512" },
  "ssh-rsa": { "rsa-sha2-256": "sha256", "rsa-sha2-512": "sha512" },
};

/** Bytes per number of an ECDSA signature. */
const NUMBER_SIZES: Readonly<Record<string, number>> = { sha256: 32, sha384: 48, sha512: 66 };

/** Bytes of the suffix of a security key: flags and counter. */
export const DEVICE_SIZE = 5;
const TOUCHED = 0x01;
const USER_VERIFIED = 0x04;

/** Whether a key type is that of a security key (FIDO, U2F). */
export function isSecurityKeyType(type: string): boolean {
  return type.startsWith("sk-");
}

/** Whether a key type supports a signature algorithm. */
export function signsWith(type: string, algorithm: string): boolean {
  return Object.hasOwn(ALGORITHMS, type) && Object.hasOwn(ALGORITHMS[type] ?? {}, algorithm);
}

/**
 * Parses a signature: algorithm, bytes, and the suffix of a security key.
 * @throws RangeError where it is damaged
 */
export function parseSignature(blob: Buffer): Signature {
  const reader = new BinaryReader(blob);
  const algorithm = reader.text();
  const bytes = reader.string();
  const device = isSecurityKeyType(algorithm) ? reader.bytes(DEVICE_SIZE) : undefined;
  if (!reader.done) throw new RangeError("trailing bytes");
  return { algorithm, bytes, encoding: "ssh", ...(device && { device }) };
}

/**
 * Verifies a signature. It never throws: an unusable key or signature is invalid.
 * @returns undefined where the signature is invalid
 */
export function verifySignature(key: PublicKey, signature: Signature, data: Buffer): SignatureProof | undefined {
  const { algorithm, device, encoding } = signature;
  if (!signsWith(key.type, algorithm) || isSecurityKeyType(key.type) !== (device?.length === DEVICE_SIZE)) {
    return undefined;
  }
  const hash = ALGORITHMS[key.type]?.[algorithm] ?? null;
  const isEcdsa = key.type.includes("ecdsa-");
  try {
    const message = device === undefined ? data : deviceMessage(key, device, data);
    const bytes = isEcdsa && encoding === "ssh" ? fixedSize(signature.bytes, hash) : signature.bytes;
    const object = toKeyObject(key);
    const dsaEncoding = encoding === "ssh" ? "ieee-p1363" : "der";
    if (verify(hash, message, isEcdsa ? { key: object, dsaEncoding } : object, bytes) !== true) return undefined;
  } catch {
    return undefined;
  }
  const flags = device?.[0] ?? TOUCHED | USER_VERIFIED;
  return { touched: (flags & TOUCHED) !== 0, userVerified: (flags & USER_VERIFIED) !== 0 };
}

/** The message that a security key signs (PROTOCOL.u2f, "SSH U2F Signatures"). */
function deviceMessage(key: PublicKey, device: Buffer, data: Buffer): Buffer {
  const application = new BinaryReader(key.blob).strings().at(-1) as Buffer;
  return Buffer.concat([sha256(application), device, sha256(data)]);
}

function sha256(data: Buffer): Buffer {
  return createHash("sha256").update(data).digest();
}

/** Converts two mpints to two numbers of fixed size. */
function fixedSize(bytes: Buffer, hash: string | null): Buffer {
  const size = NUMBER_SIZES[hash ?? ""] ?? 0;
  const reader = new BinaryReader(bytes);
  const numbers = reader.strings();
  if (numbers.length !== 2) throw new RangeError("not two numbers");
  return Buffer.concat(numbers.map((number) => toSize(number, size)));
}

function toSize(mpint: Buffer, size: number): Buffer {
  const excess = Math.max(0, mpint.length - size);
  if (mpint.subarray(0, excess).some((byte) => byte !== 0)) throw new RangeError("number too large");
  const number = mpint.subarray(excess);
  return Buffer.concat([Buffer.alloc(size - number.length), number]);
}
