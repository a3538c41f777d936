import { expandHome, readFileChecked } from "../files/read-file.js";
import { BinaryReader } from "../format/binary-reader.js";
import { type PublicKey, publicKeyFromBlob } from "../format/public-key.js";
import { parsePrivateKey, privateKeyRules } from "./private-key.js";

/** A public key, and what its owner calls it. */
export interface NamedPublicKey {
  readonly key: PublicKey;
  /** Empty where it has none, or that is encrypted. */
  readonly comment: string;
}

/**
 * The public key of a private one in a file. In OpenSSH's format it stands before what is encrypted (PROTOCOL.key), so
 * that no passphrase is needed; hardware keys have it too.
 * @throws Error of one line that names the file and what to do
 */
export async function publicHalf(file: string): Promise<NamedPublicKey> {
  const path = expandHome(file, "private key");
  const name = `private key ${path}`;
  const { data } = await readFileChecked(path, privateKeyRules("private key"));
  const plain = publicHalfOf(data);
  if (plain !== undefined) return { key: plain, comment: commentOf(data) };
  const result = parsePrivateKey(data, name);
  if ("locked" in result) throw new Error(`${name} is encrypted: \`ssh-keygen -y -f ${path}\` asks for its passphrase`);
  const key = publicKeyFromBlob(result.key.getPublicSSH());
  if (key === undefined) throw new Error(`${name} is damaged`);
  return { key, comment: result.key.comment };
}

/** The public half of the text of a private key; undefined where it is of another format, or damaged. */
export function publicHalfOf(data: Buffer | string): PublicKey | undefined {
  const [, base64] = /-----BEGIN OPENSSH PRIVATE KEY-----([\sA-Za-z0-9+/=]+)-----END/.exec(data.toString()) ?? [];
  if (base64 === undefined) return undefined;
  try {
    const reader = new BinaryReader(Buffer.from(base64, "base64"));
    if (reader.bytes(15).toString("latin1") !== "openssh-key-v1\0") return undefined;
    // Cipher, key derivation, and its options.
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
    // A hardware key.
    return "";
  }
}
