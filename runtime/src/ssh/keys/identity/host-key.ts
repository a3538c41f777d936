import type { ParsedKey } from "ssh2";
import { errorMessage } from "../../../base/error-message.js";
import { createKeyPair } from "../files/create-key-pair.js";
import { expandHome, readFileChecked } from "../files/read-file.js";
import { BinaryReader } from "../format/binary-reader.js";
import { HOST_KEY_TYPES, type PublicKey, publicKeyFromBlob } from "../format/public-key.js";
import { MIN_RSA_BITS } from "../format/public-key-object.js";
import type { HostKeySource } from "./host-key-source.js";
import { isPrivateKeyText, isText, type PrivateKeyResult, parsePrivateKey, privateKeyRules } from "./private-key.js";

/** A host key of a server. */
export interface HostKey {
  readonly privateKey: ParsedKey;
  readonly publicKey: PublicKey;
}

/**
 * Loads the host keys of a server, at most one of each type: a client chooses one by its type (RFC 4253, section 7.1).
 * @throws Error of one line, as {@link loadHostKey}, or where there is no key or two have the same type
 */
export async function loadHostKeys(from: HostKeySource | readonly HostKeySource[]): Promise<readonly HostKey[]> {
  const keys = await Promise.all(([from].flat() as readonly HostKeySource[]).map(loadHostKey));
  if (keys.length === 0) throw new Error("the option hostKeys is empty; name the file of a host key");
  const types = keys.map(({ publicKey }) => publicKey.type);
  const repeated = types.find((type, index) => types.indexOf(type) !== index);
  if (repeated === undefined) return keys;
  const prints = keys.filter(({ publicKey }) => publicKey.type === repeated).map((key) => key.publicKey.fingerprint);
  throw new Error(
    `the option hostKeys has two keys of type ${repeated} (${prints.join(", ")}); a server has one of each type`,
  );
}

/**
 * Loads a host key.
 * @throws Error of one line with the file name and the fix, where the key is missing, unreadable, readable by others, damaged,
 * encrypted without its passphrase, of an unsupported type, or an RSA key of fewer than 2,048 bits
 */
export async function loadHostKey(from: HostKeySource): Promise<HostKey> {
  const source = isPrivateKeyText(from) ? { privateKey: from } : from;
  if (typeof source !== "string" && !isText(source?.privateKey)) {
    throw new Error("invalid host key: it takes a file name, a private key, or { privateKey }");
  }
  const file = typeof source === "string" ? expandHome(source, "host key") : undefined;
  const name = file === undefined ? "the host key" : `host key ${file}`;
  const data = typeof source === "string" ? await readHostKey(file as string) : source.privateKey;
  const passphrase = typeof source === "string" ? undefined : source.passphrase;
  const result = parseHostKey(data, name, passphrase, file);
  if ("locked" in result) {
    throw new Error(
      result.locked === "wrong"
        ? `${name} is encrypted: wrong passphrase`
        : `${name} is encrypted: set { privateKey, passphrase }, or remove the passphrase with \`ssh-keygen -p -f ${file ?? "FILE"}\``,
    );
  }
  const publicKey = publicKeyFromBlob(result.key.getPublicSSH()) as PublicKey;
  const problem = HOST_KEY_TYPES.includes(publicKey.type) ? shortKeyProblem(publicKey) : `is of type ${publicKey.type}`;
  if (problem === undefined) return { privateKey: result.key, publicKey };
  throw new Error(`${name} ${problem}; create one with \`ssh-keygen -t ed25519 -f FILE\``);
}

function shortKeyProblem({ type, blob }: PublicKey): string | undefined {
  if (type !== "ssh-rsa") return undefined;
  const modulus = new BinaryReader(blob).strings().at(-1) as Buffer;
  const bits = modulus.toString("hex").replace(/^0+/, "").length * 4;
  return bits < MIN_RSA_BITS ? `has ${bits} bits, fewer than ${MIN_RSA_BITS}` : undefined;
}

function parseHostKey(
  data: Buffer | string,
  name: string,
  passphrase: string | undefined,
  file: string | undefined,
): PrivateKeyResult {
  try {
    return parsePrivateKey(data, name, passphrase);
  } catch (error) {
    if (file === undefined) throw error;
    // Never replaced automatically: clients would reject the new host key.
    throw new Error(
      `${errorMessage(error)}; restore the file from a backup, or delete it and create a new key with \`ssh-keygen -t ed25519 -N "" -f ${file}\`, which every client must add to known_hosts`,
      { cause: error },
    );
  }
}

async function readHostKey(file: string): Promise<Buffer> {
  try {
    return (await readFileChecked(file, privateKeyRules("host key"))).data;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new Error(`host key ${file} does not exist; create it with \`ssh-keygen -t ed25519 -N "" -f ${file}\``, {
      cause: error,
    });
  }
}

/**
 * Creates a host key: see {@link createKeyPair}.
 * @throws Error of one line with the file name, where the file exists or cannot be written
 */
export async function createHostKey(file: string): Promise<PublicKey> {
  return createKeyPair(file, { what: "host key", comment: "sshrpc host key" });
}
