import { createHash, verify } from "node:crypto";
import { BinaryReader } from "./binary-reader.js";
import type { PublicKey } from "./public-key.js";
import { toKeyObject } from "./public-key-object.js";

/** A signature, taken apart as far as SSH puts it together. */
export interface Signature {
  /** Such as `rsa-sha2-256`. */
  readonly algorithm: string;
  readonly bytes: Buffer;
  /** How the two numbers of an ECDSA signature stand in `bytes`: as ASN.1, or as SSH has them (RFC 5656, section 3.1.2). */
  readonly encoding: "der" | "ssh";
  /** What a security key adds: a byte of flags, and a counter of 32 bits. */
  readonly device?: Buffer;
}

/** What a signature that holds says about how it came to be. Keys that are no device say true of both. */
export interface SignatureProof {
  /** Somebody touched the device. */
  readonly touched: boolean;
  /** The device asked for a PIN or a finger. */
  readonly userVerified: boolean;
}

/** Which signatures a type of key makes, and the hash that each is made of. SHA-1 is not among them. */
const ALGORITHMS: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
  "ssh-ed25519": { "ssh-ed25519": null },
  "sk-ssh-ed25519@openssh.com": { "sk-ssh-ed25519@openssh.com": null },
  "sk-ecdsa-sha2-nistp256@openssh.com": { "sk-ecdsa-sha2-nistp256@openssh.com": "sha256" },
  "ecdsa-sha2-nistp256": { "ecdsa-sha2-nistp256": "sha256" },
  "ecdsa-sha2-nistp384": { "ecdsa-sha2-nistp384": "sha384" },
  "ecdsa-sha2-nistp521": { "ecdsa-sha2-nistp521": "sha512" },
  "ssh-rsa": { "rsa-sha2-256": "sha256", "rsa-sha2-512": "sha512" },
};

/** Bytes of each number of an ECDSA signature. */
const NUMBER_SIZES: Readonly<Record<string, number>> = { sha256: 32, sha384: 48, sha512: 66 };

/** Bytes that a security key adds behind its signature: its flags, and a counter. */
export const DEVICE_SIZE = 5;
const TOUCHED = 0x01;
const USER_VERIFIED = 0x04;

/** Whether a key is held by a device (FIDO, U2F), which adds to what it signs. */
export function isSecurityKeyType(type: string): boolean {
  return type.startsWith("sk-");
}

/** Whether keys of a type sign so. */
export function signsWith(type: string, algorithm: string): boolean {
  return Object.hasOwn(ALGORITHMS, type) && Object.hasOwn(ALGORITHMS[type] ?? {}, algorithm);
}

/**
 * Takes a whole signature apart: an algorithm, a string, and what a security key adds.
 * @throws RangeError where it is damaged
 */
export function parseSignature(blob: Buffer): Signature {
  const reader = new BinaryReader(blob);
  const algorithm = reader.text();
  const bytes = reader.string();
  const device = isSecurityKeyType(algorithm) ? reader.bytes(DEVICE_SIZE) : undefined;
  if (!reader.done) throw new RangeError("bytes follow it");
  return { algorithm, bytes, encoding: "ssh", ...(device && { device }) };
}

/**
 * Verifies a signature. It never throws: a key or a signature that cannot be used proves nothing.
 * @returns undefined where the key did not sign `data`
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

/** What a security key signs in place of the data (PROTOCOL.u2f, "SSH U2F Signatures"). */
function deviceMessage(key: PublicKey, device: Buffer, data: Buffer): Buffer {
  const application = new BinaryReader(key.blob).strings().at(-1) as Buffer;
  return Buffer.concat([sha256(application), device, sha256(data)]);
}

function sha256(data: Buffer): Buffer {
  return createHash("sha256").update(data).digest();
}

/** Two mpints, as two numbers of a size each. */
function fixedSize(bytes: Buffer, hash: string | null): Buffer {
  const size = NUMBER_SIZES[hash ?? ""] ?? 0;
  const reader = new BinaryReader(bytes);
  const numbers = reader.strings();
  if (numbers.length !== 2) throw new RangeError("it has not two numbers");
  return Buffer.concat(numbers.map((number) => toSize(number, size)));
}

function toSize(mpint: Buffer, size: number): Buffer {
  const excess = Math.max(0, mpint.length - size);
  if (mpint.subarray(0, excess).some((byte) => byte !== 0)) throw new RangeError("a number is too large");
  const number = mpint.subarray(excess);
  return Buffer.concat([Buffer.alloc(size - number.length), number]);
}
