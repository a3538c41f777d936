import { createPrivateKey, type KeyObject } from "node:crypto";
import type { ParsedKey } from "ssh2";

const objects = new WeakMap<ParsedKey, KeyObject>();

/**
 * A private key for node:crypto, which is made once for each key: decoding a PEM takes OpenSSL ten times as long as a signature with
 * ed25519, and an ed25519 key in a JWK needs no decoding.
 */
export function privateKeyObject(key: ParsedKey): KeyObject {
  const known = objects.get(key);
  if (known !== undefined) return known;
  const pem = key.getPrivatePEM();
  const object = createPrivateKey(key.type === "ssh-ed25519" ? { format: "jwk", key: ed25519Jwk(key) } : pem);
  objects.set(key, object);
  return object;
}

/** Both encodings end with the 32 bytes of the key (RFC 8410, section 7; RFC 8709, section 4). */
function ed25519Jwk(key: ParsedKey): { kty: string; crv: string; d: string; x: string } {
  const der = Buffer.from(key.getPrivatePEM().replace(/-----.*-----|\s/g, ""), "base64");
  const [d, x] = [der, key.getPublicSSH()].map((bytes) => bytes.subarray(-32).toString("base64url"));
  return { kty: "OKP", crv: "Ed25519", d: d as string, x: x as string };
}
