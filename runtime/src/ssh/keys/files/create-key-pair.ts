import { rm, writeFile } from "node:fs/promises";
import { errorMessage } from "../../../base/error-message.js";
import { generateEd25519 } from "../format/generate-ed25519.js";
import { type PublicKey, publicKeyLine } from "../format/public-key.js";
import { expandHome } from "./read-file.js";

/**
 * Makes an ed25519 key pair in OpenSSH's format: the private key in `file`, which must not exist yet and gets mode 0600,
 * and the public one beside it in `file.pub`, which is replaced. Gives the public key.
 * @param key what it is, for messages, and the comment that both halves get
 * @throws Error of one line that names the file, where it exists or cannot be written.
 */
export async function createKeyPair(
  file: string,
  key: { readonly what: string; readonly comment: string },
): Promise<PublicKey> {
  const path = expandHome(file, key.what);
  const { privateKey, publicKey } = generateEd25519(key.comment);
  try {
    // "wx" never follows into or overwrites what is there: of two that start at once, one gets its key in.
    await writeFile(path, privateKey, { flag: "wx", mode: 0o600, flush: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // A key that was cut short by a full disk would be in the way of the next attempt.
    if (code !== "EEXIST") await rm(path, { force: true }).catch(() => {});
    const why = code === "EEXIST" ? "it exists already, and is never overwritten" : errorMessage(error);
    throw Object.assign(new Error(`cannot create ${key.what} ${path}: ${why}`, { cause: error }), { code });
  }
  await writeFile(`${path}.pub`, `${publicKeyLine(publicKey)} ${key.comment}\n`, { mode: 0o644 });
  return publicKey;
}
