import { generateKeyPairSync, randomBytes } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { type PublicKey, publicKeyFromBlob, publicKeyLine } from "./public-key.js";
import { expandHome } from "./read-file.js";

/**
 * Makes an ed25519 key pair in OpenSSH's format: the private key in `file`, which must not exist yet and gets mode 0600,
 * and the public one beside it in `file.pub`. Gives the public key.
 * @throws Error of one line that names the file, where it exists or cannot be written.
 */
export async function createHostKey(file: string): Promise<PublicKey> {
  const path = expandHome(file);
  const { privateKey, publicKey } = generateEd25519();
  try {
    // "wx" never follows into or overwrites what is there: of two servers that start at once, one gets its key in.
    await writeFile(path, privateKey, { flag: "wx", mode: 0o600, flush: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // A key that was cut short by a full disk would be in the way of the next attempt.
    if (code !== "EEXIST") await rm(path, { force: true }).catch(() => {});
    const why = code === "EEXIST" ? "it exists already, and is never overwritten" : (error as Error).message;
    throw Object.assign(new Error(`cannot create host key ${path}: ${why}`, { cause: error }), { code });
  }
  await writeFile(`${path}.pub`, `${publicKeyLine(publicKey)} sshrpc host key\n`, { mode: 0o644 });
  return publicKey;
}

/**
 * A new key pair; the private half as OpenSSH's PROTOCOL.key lays it out. Made here, because about one in 200 of those
 * that ssh2 makes cannot be read again.
 */
export function generateEd25519(comment = ""): { readonly privateKey: string; readonly publicKey: PublicKey } {
  const jwk = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
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

function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}

/** A string of RFC 4251, section 5: its length, then its bytes. */
function string(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}
