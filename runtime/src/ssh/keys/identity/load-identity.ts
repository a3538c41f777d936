import { homedir } from "node:os";
import { join } from "node:path";
import { parsePublicLine, readPublicKey } from "../files/public-key-file.js";
import { expandHome, readFileChecked } from "../files/read-file.js";
import { loadUserCertificate, type UserCertificate } from "../files/user-certificate.js";
import { sameKey } from "../format/public-key.js";
import { callOption } from "./call-option.js";
import type { Identity, IdentitySource, PrivateKeyText } from "./identity.js";
import { identityOf, lockedIdentity } from "./identity-text.js";
import type { Passphrases } from "./passphrase.js";
import { isPrivateKeyText, isText, privateKeyRules } from "./private-key.js";

/** Names of a key in the options, for messages. */
const IN_OPTIONS = { source: "options.identity", name: "the private key in options.identity", certificates: [] };

/**
 * Loads a client's private key. An encrypted key in OpenSSH's format, or with its public key in `….pub` beside it, is decrypted
 * at its first signature; any other key at once. A public key alone, whose private key an agent may hold, makes an identity
 * with a `problem`.
 * @throws Error of one line with the file name and the fix, where the key is missing, unreadable, readable by others, damaged, in
 * an unsupported format, or encrypted and the passphrase is wrong
 */
export async function loadIdentity(from: IdentitySource, passphrases: Passphrases): Promise<Identity> {
  if (isPrivateKeyText(from)) return identityOf({ ...IN_OPTIONS, data: from, publicKey: undefined }, passphrases);
  if (typeof from === "string") return loadFile(expandHome(from, "identity"), passphrases);
  if (typeof from?.privateKey !== "function" && !isText(from?.privateKey)) {
    throw new Error("invalid identity: it takes a file name, a private key, or { privateKey }");
  }
  const publicKey = from.publicKey === undefined ? undefined : parsePublicLine(from.publicKey);
  const { privateKey } = from;
  if (typeof privateKey !== "function") return identityOf({ ...IN_OPTIONS, data: privateKey, publicKey }, passphrases);

  const load = async (): Promise<Identity> => {
    const data: PrivateKeyText = await callOption("identity", privateKey);
    if (!isText(data)) throw new Error("the function in options.identity returned no private key; return its text");
    return identityOf({ ...IN_OPTIONS, data, publicKey }, passphrases);
  };
  if (publicKey === undefined) return load();
  return {
    ...{ publicKey, source: IN_OPTIONS.source, certificates: [], locked: false },
    sign: async (data, algorithm) => {
      const loaded = await load();
      if (sameKey(loaded.publicKey, publicKey)) return loaded.sign(data, algorithm);
      throw new Error("the private key in options.identity does not match its publicKey");
    },
  };
}

async function loadFile(source: string, passphrases: Passphrases): Promise<Identity> {
  const name = `identity ${source}`;
  const certificates = await certificatesBeside(source);
  if (source.endsWith(".pub")) {
    const publicKey = await readPublicKey(source);
    const problem = `${name}: a public key; name the private key, the file without .pub, or add that to the agent`;
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

/** As in ssh, an unusable certificate beside a key is skipped. */
async function certificatesBeside(file: string): Promise<readonly UserCertificate[]> {
  const beside = `${file.replace(/\.pub$/, "")}-cert.pub`;
  return loadUserCertificate(beside).then(
    (certificate) => [certificate],
    () => [],
  );
}

/** The default identity files of ssh, in the order to try. */
export function defaultIdentityFiles(): readonly string[] {
  return ["id_ed25519", "id_ecdsa", "id_rsa"].map((name) => join(homedir(), ".ssh", name));
}
