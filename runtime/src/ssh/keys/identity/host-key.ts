import type { ParsedKey } from "ssh2";
import { errorMessage } from "../../../base/error-message.js";
import { createKeyPair } from "../files/create-key-pair.js";
import { expandHome, readFileChecked } from "../files/read-file.js";
import { type PublicKey, publicKeyFromBlob } from "../format/public-key.js";
import type { HostKeySource } from "./host-key-source.js";
import { isPrivateKeyText, isText, type PrivateKeyResult, parsePrivateKey, privateKeyRules } from "./private-key.js";

/** The host key of a server. */
export interface HostKey {
  readonly privateKey: ParsedKey;
  readonly publicKey: PublicKey;
}

/**
 * Loads a host key.
 * @throws Error of one line with the file name and the fix, where the key is missing, unreadable, readable by others, damaged,
 * encrypted without its passphrase, or not ed25519
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
  if (result.key.type !== "ssh-ed25519") {
    // With an RSA key, ssh2 advertises SHA-1 signatures; ECDSA has no advantage over ed25519.
    throw new Error(
      `${name} is of type ${result.key.type}, not ed25519; create one with \`ssh-keygen -t ed25519 -f FILE\``,
    );
  }
  return { privateKey: result.key, publicKey: publicKeyFromBlob(result.key.getPublicSSH()) as PublicKey };
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
