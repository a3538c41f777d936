import { type PublicKey, parsePublicKey } from "../format/public-key.js";
import { readFileChecked } from "./read-file.js";

/** Reads a public key file such as `id_ed25519.pub`; undefined where it holds no public key. */
export async function readPublicKey(file: string): Promise<PublicKey | undefined> {
  try {
    const { data } = await readFileChecked(file, { what: "public key", maxSize: 64 * 1024 });
    return parsePublicLine(data.toString("latin1"));
  } catch {
    return undefined;
  }
}

/**
 * Parses a line such as `ssh-ed25519 AAAA… a comment`.
 * @throws Error of one line, where the key is damaged
 */
export function parsePublicLine(line: string): PublicKey {
  const [type = "", base64 = ""] = line.trim().split(/\s+/);
  return parsePublicKey(type, base64);
}
