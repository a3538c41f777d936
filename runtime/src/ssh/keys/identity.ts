import { homedir } from "node:os";
import { join } from "node:path";
import type { ParsedKey } from "ssh2";
import { BinaryReader } from "./binary-reader.js";
import { loadCertificate, type ShownCertificate } from "./certificate-file.js";
import { makeSignature } from "./make-signature.js";
import type { Passphrases } from "./passphrase.js";
import { deviceProblem, parsePrivateKey, privateKeyRules } from "./private-key.js";
import { type PublicKey, parsePublicKey, publicKeyFromBlob, sameKey } from "./public-key.js";
import { expandHome, readFileChecked } from "./read-file.js";
import { isSecurityKeyType } from "./signature.js";

/** A private key that a client can log in with. It is opened when it is to sign, and not before. */
export interface Identity {
  readonly publicKey: PublicKey;
  /** Where it came from, for messages. */
  readonly source: string;
  /** What certifies it, from the file `…-cert.pub` beside it. */
  readonly certificates: readonly ShownCertificate[];
  /** Whether it cannot sign as it is: an agent that holds it, too, is to be preferred. */
  readonly locked: boolean;
  /** Why only an agent can sign with it, where that is so, and what to do. */
  readonly problem?: string;
  /** The whole signature in SSH's binary form. Rejects where the key cannot be opened. */
  sign(data: Buffer, algorithm: string): Promise<Buffer>;
}

type PrivateKeyText = string | Buffer;

/**
 * Where a private key comes from: a file, or the text of one, or a function that gets it. With the public half, which is a line
 * such as `ssh-ed25519 AAAA…`, the function is called only once a server wants a signature of that key.
 */
export type IdentitySource =
  | string
  | {
      readonly privateKey: PrivateKeyText | (() => PrivateKeyText | Promise<PrivateKeyText>);
      readonly publicKey?: string;
    };

/**
 * Loads a client's private key from a file, or from the text of one. An encrypted one of OpenSSH's format, or one with its
 * public half in `….pub` beside it, is opened at its first signature; every other at once.
 * @throws Error of one line that names the file and what to do, where it is missing, may not be read, may be read by
 * others, is damaged, of a format that cannot be read, or encrypted and the passphrase does not open it.
 */
export async function loadIdentity(from: IdentitySource, passphrases: Passphrases): Promise<Identity> {
  if (typeof from === "object" && typeof from.privateKey === "function") {
    return loadLazily(from.privateKey, from.publicKey, passphrases);
  }
  const file = typeof from === "string" ? expandHome(from) : undefined;
  const source = file ?? "options.identity";
  const name = file === undefined ? "the private key in options.identity" : `identity ${file}`;
  const data =
    typeof from === "string"
      ? (await readFileChecked(source, privateKeyRules("identity"))).data
      : (from.privateKey as PrivateKeyText);
  const certificates = file === undefined ? [] : await certificatesBeside(file);

  const hinted = publicHalf(data);
  if (hinted !== undefined && isSecurityKeyType(hinted.type)) {
    const problem = deviceProblem(name);
    const sign = () => Promise.reject(new Error(problem));
    return { publicKey: hinted, source, certificates, locked: true, problem, sign };
  }
  const plain = parsePrivateKey(data, name);
  if ("key" in plain) return identity(plain.key, source, certificates);

  const unlock = async (): Promise<ParsedKey> => {
    if (!passphrases.given) throw new Error(lockedProblem(name));
    const key = await passphrases.open(source, (passphrase) => {
      const opened = parsePrivateKey(data, name, passphrase);
      return "key" in opened ? opened.key : undefined;
    });
    if (key === undefined) throw new Error(`${name} is encrypted, and the passphrase does not open it`);
    return key;
  };
  const publicKey = hinted ?? (file === undefined ? undefined : await publicFileBeside(file));
  if (publicKey === undefined) return identity(await unlock(), source, certificates);
  return {
    publicKey,
    source,
    certificates,
    locked: true,
    ...(!passphrases.given && { problem: lockedProblem(name) }),
    sign: async (data, algorithm) => {
      const key = await unlock();
      if (!key.getPublicSSH().equals(publicKey.blob))
        throw new Error(`${name} does not fit its public half in ${file}.pub`);
      return makeSignature(key, algorithm, data);
    },
  };
}

async function loadLazily(
  get: () => PrivateKeyText | Promise<PrivateKeyText>,
  publicKey: string | undefined,
  passphrases: Passphrases,
): Promise<Identity> {
  const load = async () => loadIdentity({ privateKey: await get() }, passphrases);
  if (publicKey === undefined) return load();
  const [type = "", base64 = ""] = publicKey.trim().split(/\s+/);
  const shown = parsePublicKey(type, base64);
  return {
    publicKey: shown,
    source: "options.identity",
    certificates: [],
    locked: false,
    sign: async (data, algorithm) => {
      const loaded = await load();
      if (sameKey(loaded.publicKey, shown)) return loaded.sign(data, algorithm);
      throw new Error("the private key in options.identity does not fit its publicKey");
    },
  };
}

function identity(key: ParsedKey, source: string, certificates: readonly ShownCertificate[]): Identity {
  return {
    publicKey: publicKeyFromBlob(key.getPublicSSH()) as PublicKey,
    source,
    certificates,
    locked: false,
    sign: async (data, algorithm) => makeSignature(key, algorithm, data),
  };
}

function lockedProblem(name: string): string {
  return `${name} is encrypted: give its passphrase, or load it into the agent with ssh-add`;
}

/** The public half that a file of OpenSSH's format has outside of what is encrypted (PROTOCOL.key). */
function publicHalf(data: Buffer | string): PublicKey | undefined {
  const base64 = /^-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END/m.exec(data.toString())?.[1];
  try {
    const reader = new BinaryReader(Buffer.from(base64 ?? "", "base64"));
    if (reader.bytes(15).toString("latin1") !== "openssh-key-v1\0") return undefined;
    for (const _ of ["cipher", "kdf", "kdf options"]) reader.string();
    return reader.uint32() === 1 ? publicKeyFromBlob(Buffer.from(reader.string())) : undefined;
  } catch {
    return undefined;
  }
}

async function publicFileBeside(file: string): Promise<PublicKey | undefined> {
  try {
    const { data } = await readFileChecked(`${file}.pub`, { what: "public key", maxSize: 64 * 1024 });
    const [type = "", base64 = ""] = data.toString("latin1").trim().split(/\s+/);
    return parsePublicKey(type, base64);
  } catch {
    return undefined;
  }
}

/** As ssh does: what lies beside a key is used where it is usable. */
async function certificatesBeside(file: string): Promise<readonly ShownCertificate[]> {
  return loadCertificate(`${file}-cert.pub`).then(
    (certificate) => [certificate],
    () => [],
  );
}

/** The files that ssh tries, in the order of merit. */
export function defaultIdentityFiles(): readonly string[] {
  return ["id_ed25519", "id_ecdsa", "id_rsa"].map((name) => join(homedir(), ".ssh", name));
}
