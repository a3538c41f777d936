import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import ssh2, { type ParsedKey } from "ssh2";
import { isKeyText, printable } from "../../../base/printable.js";
import type { FileRules } from "../files/read-file.js";
import { formatEd25519 } from "../format/generate-ed25519.js";
import { privateKeyObject } from "../format/private-key-object.js";
import { publicKeyFromBlob } from "../format/public-key.js";
import { toKeyObject } from "../format/public-key-object.js";

/** A parsed private key, or `locked` where the passphrase is missing or wrong. */
export type PrivateKeyResult = { readonly key: ParsedKey } | { readonly locked: "missing" | "wrong" };

/** The requirements on private key files: not readable by others, as in ssh. */
export function privateKeyRules(what: string): FileRules {
  return { what, forbiddenMode: 0o077, chmod: "chmod 600", maxSize: 64 * 1024 };
}

/** Whether a value is the text of a key, private or public, not a file name. */
export function isPrivateKeyText(source: unknown): source is string | Buffer {
  return typeof source === "string" ? isKeyText(source) : isText(source);
}

/** Whether a value can be the text of a key. */
export function isText(value: unknown): value is string | Buffer {
  return typeof value === "string" || Buffer.isBuffer(value);
}

/** Removes byte order marks, indentation and CR, which editors, mails and template strings add. */
function linesOf(data: Buffer | string): string {
  return data
    .toString()
    .trim()
    .replace(/[ \t]*\r?\n[ \t]*/g, "\n");
}

/**
 * Parses a private key: OpenSSH's format, PKCS#8, or PEM for RSA and ECDSA; encrypted or not.
 * @param name the key and its source, for messages
 * @throws Error of one line, where the key is damaged, or in another format, with the command that converts it
 */
export function parsePrivateKey(data: Buffer | string, name: string, passphrase?: string): PrivateKeyResult {
  const text = linesOf(data);
  if (/^PuTTY-User-Key-File-/.test(text)) {
    throw new Error(
      `${name} is in PuTTY format, which is not supported; convert it with \`puttygen FILE -O private-openssh-new -o NEWFILE\``,
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
      throw new Error(`${name} is encrypted with an unsupported cipher; run \`ssh-keygen -p -Z aes256-ctr -f FILE\``);
    }
    throw new Error(`${name} is damaged, or not a private key (${printable(key.message)})`);
  }
  return usable(key, name);
}

/** The error message for the file of a security key. */
export function deviceProblem(name: string): string {
  return `${name} is a security key, which needs an agent: add it with ssh-add, or connect with the program ssh (transport: "openssh")`;
}

/** Converts PKCS#8, which ssh2 does not parse, to a format that it does. */
function parsePkcs8(text: string, name: string, encrypted: boolean, passphrase: string | undefined): PrivateKeyResult {
  if (encrypted && passphrase === undefined) return { locked: "missing" };
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: text, ...(encrypted && { passphrase: passphrase as string }) });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // OpenSSL reports a wrong passphrase and a damaged file alike.
    if (encrypted && /BAD_DECRYPT|MISSING_PASSPHRASE|PKCS12|ASN1|DECODER/i.test(`${code} ${message}`)) {
      return { locked: "wrong" };
    }
    throw new Error(`${name} is damaged, or not a private key (${printable(message)})`);
  }
  const parsed = tryParse(toReadable(key, name), undefined);
  if (parsed instanceof Error) throw new Error(`${name} is not usable (${printable(parsed.message)})`);
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
        `${name} is of type ${key.asymmetricKeyType}, which SSH does not support; create one with \`ssh-keygen -t ed25519\``,
      );
  }
}

function usable(key: ParsedKey, name: string): PrivateKeyResult {
  if (!key.isPrivateKey()) {
    throw new Error(`${name}: a public key; name the private key, the file without .pub`);
  }
  if (!canSign(key)) throw new Error(`${name} is damaged: its signatures do not match its public key`);
  return { key };
}

function tryParse(data: Buffer | string, passphrase: string | undefined): ParsedKey | Error {
  try {
    const parsed = ssh2.utils.parseKey(data, passphrase) as ParsedKey | ParsedKey[] | Error | undefined;
    return (Array.isArray(parsed) ? parsed[0] : parsed) ?? new Error("no key found");
  } catch (error) {
    return error as Error;
  }
}

/** ssh2 parses some damaged keys without an error. */
function canSign(key: ParsedKey): boolean {
  if (key.type === "ssh-ed25519") return hasOwnPublicKey(key);
  const probe = Buffer.from("probe");
  const hash = key.type === "ssh-rsa" ? "sha256" : undefined;
  const signature: Buffer | Error = key.sign(probe, hash);
  return Buffer.isBuffer(signature) && key.verify(probe, signature, hash) === true;
}

/** For ed25519, deriving the public key takes less time than a signature. */
function hasOwnPublicKey(key: ParsedKey): boolean {
  const publicKey = publicKeyFromBlob(key.getPublicSSH());
  if (publicKey === undefined) return false;
  try {
    return createPublicKey(privateKeyObject(key)).equals(toKeyObject(publicKey));
  } catch {
    return false;
  }
}
