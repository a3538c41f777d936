import { homedir } from "node:os";
import { join } from "node:path";
import type { ParsedKey } from "ssh2";
import type { Passphrase } from "./passphrase.js";
import { parsePrivateKey, privateKeyRules } from "./private-key.js";
import { expandHome, readFileChecked } from "./read-file.js";

/** A private key that a client can log in with. */
export interface Identity {
  readonly key: ParsedKey;
  /** Where it came from, for messages. */
  readonly source: string;
}

/**
 * Loads a client's private key from a file, or from the text of one.
 * @throws Error of one line that names the file and what to do, where it is missing, may not be read, may be read by
 * others, is damaged, of a format that cannot be read, or encrypted and the passphrase does not open it.
 */
export async function loadIdentity(
  from: string | { readonly privateKey: string | Buffer },
  passphrase?: Passphrase,
): Promise<Identity> {
  const source = typeof from === "string" ? expandHome(from) : "options.identity";
  const name = typeof from === "string" ? `identity ${source}` : "the private key in options.identity";
  const data =
    typeof from === "string" ? (await readFileChecked(source, privateKeyRules("identity"))).data : from.privateKey;
  const plain = parsePrivateKey(data, name);
  if ("key" in plain) return { key: plain.key, source };

  const secret = typeof passphrase === "function" ? await passphrase(source) : passphrase;
  if (secret === undefined || secret === "") {
    throw new Error(
      `${name} is encrypted: give its passphrase, or load it into the agent with ssh-add and name no identity`,
    );
  }
  const opened = parsePrivateKey(data, name, secret);
  if ("locked" in opened) throw new Error(`${name} is encrypted, and the passphrase does not open it`);
  return { key: opened.key, source };
}

/** The files that ssh tries, in the order of merit. */
export function defaultIdentityFiles(): readonly string[] {
  return ["id_ed25519", "id_ecdsa", "id_rsa"].map((name) => join(homedir(), ".ssh", name));
}

/** What became of the default files: those that can be used, and why the others that exist cannot. */
export interface DefaultIdentities {
  readonly identities: readonly Identity[];
  readonly problems: readonly string[];
}

/** Loads those of the default files that exist. It never rejects: a key that cannot be used is named instead. */
export async function loadDefaultIdentities(passphrase?: Passphrase): Promise<DefaultIdentities> {
  const identities: Identity[] = [];
  const problems: string[] = [];
  // One after the other, since each may ask a person for its passphrase.
  for (const file of defaultIdentityFiles()) {
    try {
      identities.push(await loadIdentity(file, passphrase));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") problems.push((error as Error).message);
    }
  }
  return { identities, problems };
}
