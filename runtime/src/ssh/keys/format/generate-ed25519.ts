import { generateKeyPairSync, type JsonWebKey, randomBytes } from "node:crypto";
import { string, uint32 } from "./binary-writer.js";
import { type PublicKey, publicKeyFromBlob } from "./public-key.js";

/**
 * Generates a key pair; the private key in OpenSSH's format. About one in 200 keys that ssh2 generates cannot be parsed again.
 */
export function generateEd25519(comment = ""): { readonly privateKey: string; readonly publicKey: PublicKey } {
  // Encoded by the generator: exporting a new key object deadlocks Node 20 once in thousands of times, when the garbage
  // collector runs meanwhile.
  const pair = generateKeyPairSync("ed25519", {
    privateKeyEncoding: { format: "der", type: "pkcs8" },
    publicKeyEncoding: { format: "der", type: "spki" },
  });
  // Both encodings end with the 32 bytes of the key (RFC 8410).
  const [d, x] = [pair.privateKey, pair.publicKey].map((der) => der.subarray(-32).toString("base64url"));
  return formatEd25519({ d: d as string, x: x as string }, comment);
}

/** Encodes an ed25519 key in the format of OpenSSH's PROTOCOL.key, unencrypted. */
export function formatEd25519(
  jwk: JsonWebKey,
  comment = "",
): { readonly privateKey: string; readonly publicKey: PublicKey } {
  const seed = Buffer.from(jwk.d as string, "base64url");
  const point = Buffer.from(jwk.x as string, "base64url");
  const blob = Buffer.concat([string("ssh-ed25519"), string(point)]);
  const check = randomBytes(4);
  const secret = Buffer.concat([check, check, blob, string(Buffer.concat([seed, point])), string(comment)]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7].slice(0, (8 - (secret.length % 8)) % 8));
  const body = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    string("none"),
    string("none"),
    string(""),
    uint32(1),
    string(blob),
    string(Buffer.concat([secret, padding])),
  ]);
  const lines = body.toString("base64").match(/.{1,70}/g) as string[];
  const privateKey = ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join(
    "\n",
  );
  return { privateKey, publicKey: publicKeyFromBlob(blob) as PublicKey };
}
