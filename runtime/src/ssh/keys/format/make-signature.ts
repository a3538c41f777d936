import { sign } from "node:crypto";
import type { ParsedKey } from "ssh2";
import { mpint, string } from "./binary-writer.js";

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
  const bytes = sign(hash, data, { key: key.getPrivatePEM(), dsaEncoding: "ieee-p1363" });
  if (!algorithm.startsWith("ecdsa-")) return Buffer.concat([string(algorithm), string(bytes)]);
  const [r, s] = [bytes.subarray(0, bytes.length / 2), bytes.subarray(bytes.length / 2)];
  return Buffer.concat([string(algorithm), string(Buffer.concat([mpint(r), mpint(s)]))]);
}
