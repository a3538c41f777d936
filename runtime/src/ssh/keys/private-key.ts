import ssh2, { type ParsedKey } from "ssh2";
import { printable } from "../printable.js";
import type { FileRules } from "./read-file.js";

/** A private key that was read, or word that it is encrypted and the passphrase is missing or wrong. */
export type PrivateKeyResult = { readonly key: ParsedKey } | { readonly locked: "missing" | "wrong" };

/** How private key files must be: nobody else may read them, as ssh asks too. */
export function privateKeyRules(what: string): FileRules {
  return { what, forbiddenMode: 0o077, chmod: "chmod 600", maxSize: 64 * 1024 };
}

/**
 * Reads a private key: OpenSSH's own format, or the older PEM ones of RSA and ECDSA.
 * @param name What it is and where it came from, for messages.
 * @throws Error of one line that says how to convert it, where it is of another format, or that it is damaged.
 */
export function parsePrivateKey(data: Buffer | string, name: string, passphrase?: string): PrivateKeyResult {
  const text = data.toString();
  const convert = /^-----BEGIN (?:ENCRYPTED )?PRIVATE KEY-----/m.test(text)
    ? "a PKCS#8 file, which cannot be read here; convert it with `ssh-keygen -p -f FILE`"
    : /^PuTTY-User-Key-File-/.test(text)
      ? "a PuTTY file, which cannot be read here; convert it with `puttygen FILE -O private-openssh-new -o NEWFILE`"
      : undefined;
  if (convert !== undefined) throw new Error(`${name} is ${convert}`);

  const key = tryParse(data, passphrase);
  if (key instanceof Error) {
    if (/no passphrase given/.test(key.message)) return { locked: "missing" };
    if (/bad passphrase/i.test(key.message)) return { locked: "wrong" };
    if (/sk-(?:ssh|ecdsa)-/.test(key.message)) {
      throw new Error(`${name} belongs to a hardware key: add it to the agent with ssh-add, and let the agent sign`);
    }
    if (/initialization vector|Unsupported cipher/.test(key.message)) {
      throw new Error(
        `${name} is encrypted in a way that cannot be read here; run \`ssh-keygen -p -Z aes256-ctr -f FILE\``,
      );
    }
    throw new Error(`${name} is damaged, or no private key at all (${printable(key.message)})`);
  }
  if (!key.isPrivateKey()) throw new Error(`${name} holds a public key: name the private one, the file without .pub`);
  if (!canSign(key)) throw new Error(`${name} is damaged: what it signs does not fit its own public key`);
  return { key };
}

function tryParse(data: Buffer | string, passphrase: string | undefined): ParsedKey | Error {
  try {
    const parsed = ssh2.utils.parseKey(data, passphrase) as ParsedKey | ParsedKey[] | Error | undefined;
    return (Array.isArray(parsed) ? parsed[0] : parsed) ?? new Error("it holds no key");
  } catch (error) {
    return error as Error;
  }
}

/** The library takes some damaged keys for good ones. */
function canSign(key: ParsedKey): boolean {
  const probe = Buffer.from("sshrpc");
  const hash = key.type === "ssh-rsa" ? "sha256" : undefined;
  const signature: Buffer | Error = key.sign(probe, hash);
  return Buffer.isBuffer(signature) && key.verify(probe, signature, hash) === true;
}
