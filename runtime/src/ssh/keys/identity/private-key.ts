import { createPrivateKey, type KeyObject } from "node:crypto";
import ssh2, { type ParsedKey } from "ssh2";
import { isKeyText, printable } from "../../../base/printable.js";
import type { FileRules } from "../files/read-file.js";
import { formatEd25519 } from "../format/generate-ed25519.js";

/** A private key that was read, or word that it is encrypted and the passphrase is missing or wrong. */
export type PrivateKeyResult = { readonly key: ParsedKey } | { readonly locked: "missing" | "wrong" };

/** How private key files must be: nobody else may read them, as ssh asks too. */
export function privateKeyRules(what: string): FileRules {
  return { what, forbiddenMode: 0o077, chmod: "chmod 600", maxSize: 64 * 1024 };
}

/** Whether this is a key, of whatever kind, rather than the name of a file. */
export function isPrivateKeyText(source: unknown): source is string | Buffer {
  return typeof source === "string" ? isKeyText(source) : isText(source);
}

/** Whether this can be the text of a key. */
export function isText(value: unknown): value is string | Buffer {
  return typeof value === "string" || Buffer.isBuffer(value);
}

/** Without what editors, mails and template strings put around the lines: byte order marks, indentation, CR. */
function linesOf(data: Buffer | string): string {
  return data
    .toString()
    .trim()
    .replace(/[ \t]*\r?\n[ \t]*/g, "\n");
}

/**
 * Reads a private key: OpenSSH's own format, PKCS#8, or the older PEM ones of RSA and ECDSA; each encrypted or not.
 * @param name What it is and where it came from, for messages.
 * @throws Error of one line that says how to convert it, where it is of another format, or that it is damaged.
 */
export function parsePrivateKey(data: Buffer | string, name: string, passphrase?: string): PrivateKeyResult {
  const text = linesOf(data);
  if (/^PuTTY-User-Key-File-/.test(text)) {
    throw new Error(
      `${name} is a PuTTY file, which cannot be read here; convert it with \`puttygen FILE -O private-openssh-new -o NEWFILE\``,
    );
  }
  const pkcs8 = /^-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/m.exec(text);
  if (pkcs8) return parsePkcs8(text, name, pkcs8[1] !== undefined, passphrase);

  const key = tryParse(text, passphrase);
  if (key instanceof Error) {
    if (/no passphrase given/.test(key.message)) return { locked: "missing" };
    if (/bad passphrase|bad decrypt/i.test(key.message)) return { locked: "wrong" };
    if (/sk-(?:ssh|ecdsa)-/.test(key.message)) throw new Error(deviceProblem(name));
    if (/initialization vector|Unsupported cipher/.test(key.message)) {
      throw new Error(
        `${name} is encrypted in a way that cannot be read here; run \`ssh-keygen -p -Z aes256-ctr -f FILE\``,
      );
    }
    throw new Error(`${name} is damaged, or no private key at all (${printable(key.message)})`);
  }
  return usable(key, name);
}

/** What to do with the file of a key that a device holds. */
export function deviceProblem(name: string): string {
  return `${name} belongs to a hardware key: add it to the agent with ssh-add and let the agent sign, or let the program ssh connect (protocol: "openssh")`;
}

/** ssh2 reads no PKCS#8; what it reads instead is made of it. */
function parsePkcs8(text: string, name: string, encrypted: boolean, passphrase: string | undefined): PrivateKeyResult {
  if (encrypted && passphrase === undefined) return { locked: "missing" };
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: text, ...(encrypted && { passphrase: passphrase as string }) });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // Of a file that is encrypted, OpenSSL cannot tell a wrong passphrase from damage.
    if (encrypted && /BAD_DECRYPT|MISSING_PASSPHRASE|PKCS12|ASN1|DECODER/i.test(`${code} ${message}`)) {
      return { locked: "wrong" };
    }
    throw new Error(`${name} is damaged, or no private key at all (${printable(message)})`);
  }
  const parsed = tryParse(toReadable(key, name), undefined);
  if (parsed instanceof Error)
    throw new Error(`${name} holds a key that cannot be used (${printable(parsed.message)})`);
  return usable(parsed, name);
}

function toReadable(key: KeyObject, name: string): string | Buffer {
  switch (key.asymmetricKeyType) {
    case "ed25519":
      return formatEd25519(key.export({ format: "jwk" })).privateKey;
    case "rsa":
      return key.export({ type: "pkcs1", format: "pem" });
    case "ec":
      return key.export({ type: "sec1", format: "pem" });
    default:
      throw new Error(
        `${name} is of type ${key.asymmetricKeyType}, which SSH does not know; make one with \`ssh-keygen -t ed25519\``,
      );
  }
}

function usable(key: ParsedKey, name: string): PrivateKeyResult {
  if (!key.isPrivateKey()) {
    throw new Error(`${name} is a public key: name the private one, the file without .pub`);
  }
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
