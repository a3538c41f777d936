import { homedir } from "node:os";
import { join } from "node:path";
import { loadCertificate, type ShownCertificate } from "../files/certificate-file.js";
import { parsePublicLine, readPublicKey } from "../files/public-key-file.js";
import { expandHome, readFileChecked } from "../files/read-file.js";
import { sameKey } from "../format/public-key.js";
import type { Identity, IdentitySource, PrivateKeyText } from "./identity.js";
import { identityOf, lockedIdentity } from "./identity-text.js";
import type { Passphrases } from "./passphrase.js";
import { isPrivateKeyText, isText, privateKeyRules } from "./private-key.js";

/** What a key is called that came with the options. */
const IN_OPTIONS = { source: "options.identity", name: "the private key in options.identity", certificates: [] };

/**
 * Loads a client's private key. An encrypted one of OpenSSH's format, or one with its public half in `….pub` beside it, is
 * opened at its first signature; every other at once. Of a public key alone, whose private half an agent may hold, it makes an
 * identity that has a `problem`.
 * @throws Error of one line that names the file and what to do, where it is missing, may not be read, may be read by
 * others, is damaged, of a format that cannot be read, or encrypted and the passphrase does not open it.
 */
export async function loadIdentity(from: IdentitySource, passphrases: Passphrases): Promise<Identity> {
  if (isPrivateKeyText(from)) return identityOf({ ...IN_OPTIONS, data: from, publicKey: undefined }, passphrases);
  if (typeof from === "string") return loadFile(expandHome(from, "identity"), passphrases);
  if (typeof from?.privateKey !== "function" && !isText(from?.privateKey)) {
    throw new Error("identity: neither a file, a private key, nor { privateKey }; give one of these");
  }
  const publicKey = from.publicKey === undefined ? undefined : parsePublicLine(from.publicKey);
  const { privateKey } = from;
  if (typeof privateKey !== "function") return identityOf({ ...IN_OPTIONS, data: privateKey, publicKey }, passphrases);

  const load = async (): Promise<Identity> => {
    const data: PrivateKeyText = await privateKey();
    if (!isText(data)) throw new Error("the function in options.identity gave no private key; return its text");
    return identityOf({ ...IN_OPTIONS, data, publicKey }, passphrases);
  };
  if (publicKey === undefined) return load();
  return {
    ...{ publicKey, source: IN_OPTIONS.source, certificates: [], locked: false },
    sign: async (data, algorithm) => {
      const loaded = await load();
      if (sameKey(loaded.publicKey, publicKey)) return loaded.sign(data, algorithm);
      throw new Error("the private key in options.identity does not fit its publicKey");
    },
  };
}

async function loadFile(source: string, passphrases: Passphrases): Promise<Identity> {
  const name = `identity ${source}`;
  const certificates = await certificatesBeside(source);
  if (source.endsWith(".pub")) {
    const publicKey = await readPublicKey(source);
    const problem = `${name} is a public key: name the private one, the file without .pub, or load that into the agent`;
    if (publicKey !== undefined) return lockedIdentity({ publicKey, source, certificates, problem });
  }
  const publicKey = await readPublicKey(`${source}.pub`);
  try {
    const { data } = await readFileChecked(source, privateKeyRules("identity"));
    return await identityOf({ source, name, certificates, data, publicKey }, passphrases);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" || publicKey === undefined) throw error;
    return lockedIdentity({ publicKey, source, certificates, problem: message });
  }
}

/** As ssh does: what lies beside a key is used where it is usable. */
async function certificatesBeside(file: string): Promise<readonly ShownCertificate[]> {
  const beside = `${file.replace(/\.pub$/, "")}-cert.pub`;
  return loadCertificate(beside).then(
    (certificate) => [certificate],
    () => [],
  );
}

/** The files that ssh tries, in the order of merit. */
export function defaultIdentityFiles(): readonly string[] {
  return ["id_ed25519", "id_ecdsa", "id_rsa"].map((name) => join(homedir(), ".ssh", name));
}
