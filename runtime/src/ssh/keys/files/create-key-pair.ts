import { randomBytes } from "node:crypto";
import { link, rm, writeFile } from "node:fs/promises";
import { errorMessage } from "../../../base/error-message.js";
import { generateEd25519 } from "../format/generate-ed25519.js";
import { type PublicKey, publicKeyLine } from "../format/public-key.js";
import { expandHome } from "./read-file.js";

/**
 * Creates an ed25519 key pair in OpenSSH's format: the private key in `file`, which must not exist, with mode 0600, and the public
 * key in `file.pub`, which is overwritten. The private key appears whole, and of two processes that create it at once, one succeeds.
 * Returns the public key.
 * @param key its kind, for messages, and the comment of both files
 * @throws Error of one line with the file name, where the file exists or cannot be written
 */
export async function createKeyPair(
  file: string,
  key: { readonly what: string; readonly comment: string },
): Promise<PublicKey> {
  const path = expandHome(file, key.what);
  const { privateKey, publicKey } = generateEd25519(key.comment);
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await writeFile(temporary, privateKey, { flag: "wx", mode: 0o600, flush: true });
    // A link never overwrites, and has the whole content. Some file systems have none.
    await link(temporary, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST" || error.code === "ENOENT") throw error;
      return writeFile(path, privateKey, { flag: "wx", mode: 0o600, flush: true });
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "EEXIST" ? "it already exists, and is never overwritten" : errorMessage(error);
    throw Object.assign(new Error(`cannot create ${key.what} ${path}: ${why}`, { cause: error }), { code });
  } finally {
    await rm(temporary, { force: true }).catch(() => {});
  }
  await writeFile(`${path}.pub`, `${publicKeyLine(publicKey)} ${key.comment}\n`, { mode: 0o644 });
  return publicKey;
}
