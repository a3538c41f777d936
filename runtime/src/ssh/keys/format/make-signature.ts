import { sign as signBytes } from "node:crypto";
import type { ParsedKey } from "ssh2";
import { mpint, string } from "./binary-writer.js";
import { privateKeyObject } from "./private-key-object.js";

/** The hash of each signature algorithm. RSA with SHA-1 is not supported. */
const HASHES: Readonly<Record<string, string | null>> = {
  "ssh-ed25519": null,
  "ecdsa-sha2-nistp256": "sha256",
  "ecdsa-sha2-nistp384": "sha384",
  "ecdsa-sha2-nistp521": "sha512",
  "rsa-sha2-256": "sha256",
  "rsa-sha2-512": "sha512",
};

/**
 * Signs data. Returns the signature in SSH's binary form: algorithm and bytes (RFC 4253, section 6.6; RFC 5656, section 3.1.2).
 * @param algorithm one of the key type, such as `rsa-sha2-512` for `ssh-rsa`
 * @throws Error for an unsupported algorithm, such as one with SHA-1
 */
export function makeSignature(key: ParsedKey, algorithm: string, data: Buffer): Buffer {
  const hash = HASHES[algorithm];
  if (hash === undefined) throw new Error(`unsupported signature algorithm ${algorithm}`);
  const bytes = signBytes(hash, data, { key: privateKeyObject(key), dsaEncoding: "ieee-p1363" });
  if (!algorithm.startsWith("ecdsa-")) return Buffer.concat([string(algorithm), string(bytes)]);
  const [r, s] = [bytes.subarray(0, bytes.length / 2), bytes.subarray(bytes.length / 2)];
  return Buffer.concat([string(algorithm), string(Buffer.concat([mpint(r), mpint(s)]))]);
}

/** The same key for ssh2, which would decode the private key for each signature (keyParser.js:371). */
export function withKeyObject(key: ParsedKey): ParsedKey {
  const sign = (data: Buffer, hash?: string): Buffer | Error => {
    try {
      return signBytes(hash ?? HASHES[key.type] ?? null, data, privateKeyObject(key));
    } catch (error) {
      return error as Error;
    }
  };
  return Object.assign(Object.create(key) as ParsedKey, { sign });
}
