import { expandHome, readFileChecked } from "../files/read-file.js";
import { BinaryReader } from "../format/binary-reader.js";
import { type PublicKey, publicKeyFromBlob } from "../format/public-key.js";
import { parsePrivateKey, privateKeyRules } from "./private-key.js";

/** A public key with its comment. */
export interface NamedPublicKey {
  readonly key: PublicKey;
  /** Empty where it has none, or the comment is encrypted. */
  readonly comment: string;
}

/**
 * Reads the public key of a private key file. In OpenSSH's format it is not encrypted (PROTOCOL.key), so no passphrase is
 * needed, also for security keys.
 * @throws Error of one line with the file name and the fix
 */
export async function publicHalf(file: string): Promise<NamedPublicKey> {
  const path = expandHome(file, "private key");
  const name = `private key ${path}`;
  const { data } = await readFileChecked(path, privateKeyRules("private key"));
  const plain = publicHalfOf(data);
  if (plain !== undefined) return { key: plain, comment: commentOf(data) };
  const result = parsePrivateKey(data, name);
  if ("locked" in result)
    throw new Error(`${name} is encrypted; run \`ssh-keygen -y -f ${path}\`, which asks for its passphrase`);
  const key = publicKeyFromBlob(result.key.getPublicSSH());
  if (key === undefined) throw new Error(`${name} is damaged`);
  return { key, comment: result.key.comment };
}

/** The public key of a private key in OpenSSH's format; undefined where it is in another format, or damaged. */
export function publicHalfOf(data: Buffer | string): PublicKey | undefined {
  const [, base64] = /-----BEGIN OPENSSH PRIVATE KEY-----([\sA-Za-z0-9+/=]+)-----END/.exec(data.toString()) ?? [];
  if (base64 === undefined) return undefined;
  try {
    const reader = new BinaryReader(Buffer.from(base64, "base64"));
    if (reader.bytes(15).toString("latin1") !== "openssh-key-v1\0") return undefined;
    // Cipher, key derivation function and its options.
    for (let field = 0; field < 3; field++) reader.string();
    return reader.uint32() === 1 ? publicKeyFromBlob(reader.string()) : undefined;
  } catch {
    return undefined;
  }
}

function commentOf(data: Buffer): string {
  try {
    const result = parsePrivateKey(data, "");
    return "key" in result ? result.key.comment : "";
  } catch {
    // A security key.
    return "";
  }
}
