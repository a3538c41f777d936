import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { BinaryReader } from "./binary-reader.js";
import type { PublicKey } from "./public-key.js";

/** Bits of an RSA key; a shorter key is insecure. */
export const MIN_RSA_BITS = 2048;
/** Bits of an RSA key; a longer key is slow. */
export const MAX_RSA_BITS = 16_384;

/** Curve names in SSH keys (RFC 5656, section 10.1), and in JWK. */
const CURVES: Readonly<Record<string, string>> = { nistp256: "P-256", nistp384: "P-384", nistp521: "P-521" };

/**
 * Converts a public key for node:crypto. For a security key, the result is the key inside (PROTOCOL.u2f of OpenSSH).
 * @throws Error for an unsupported type, a point off the curve, or an RSA key of fewer than 2,048 bits
 */
export function toKeyObject(key: PublicKey): KeyObject {
  return createPublicKey({ format: "jwk", key: toJwk(key) });
}

function toJwk({ type, blob }: PublicKey): JsonWebKey {
  const reader = new BinaryReader(blob);
  reader.string();
  switch (type) {
    case "ssh-ed25519":
    case "sk-ssh-ed25519@openssh.com":
      return { kty: "OKP", crv: "Ed25519", x: reader.string().toString("base64url") };
    case "ssh-rsa":
      return rsaJwk(unsigned(reader.string()), unsigned(reader.string()));
    case "ecdsa-sha2-nistp256":
    case "ecdsa-sha2-nistp384":
    case "ecdsa-sha2-nistp521":
    case "sk-ecdsa-sha2-nistp256@openssh.com":
      return pointJwk(type, reader.text(), reader.string());
    default:
      throw new Error(`unsupported key type ${type}`);
  }
}

function rsaJwk(e: Buffer, n: Buffer): JsonWebKey {
  const bits = n.length * 8 - (n.length === 0 ? 0 : Math.clz32(n[0] as number) - 24);
  if (bits < MIN_RSA_BITS) throw new Error(`an RSA key of ${bits} bits is too short; the minimum is ${MIN_RSA_BITS}`);
  if (bits > MAX_RSA_BITS) throw new Error(`an RSA key of ${bits} bits is too long; the maximum is ${MAX_RSA_BITS}`);
  return { kty: "RSA", e: e.toString("base64url"), n: n.toString("base64url") };
}

function pointJwk(type: string, curve: string, point: Buffer): JsonWebKey {
  const crv = CURVES[curve];
  if (crv === undefined || !type.includes(`-${curve}`))
    throw new Error(`the curve of a key of type ${type} is another one`);
  // RFC 5656 allows compressed points; OpenSSH rejects them too.
  if (point[0] !== 4 || point.length % 2 !== 1) throw new Error("compressed points are not supported");
  const middle = (point.length + 1) / 2;
  const [x, y] = [point.subarray(1, middle), point.subarray(middle)];
  return { kty: "EC", crv, x: x.toString("base64url"), y: y.toString("base64url") };
}

/** An mpint without leading zeros. */
function unsigned(mpint: Buffer): Buffer {
  let start = 0;
  while (mpint[start] === 0) start++;
  return mpint.subarray(start);
}
