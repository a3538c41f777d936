import type { ParsedKey } from "ssh2";
import { errorMessage } from "../../../base/error-message.js";
import { createKeyPair } from "../files/create-key-pair.js";
import { expandHome, readFileChecked } from "../files/read-file.js";
import { type PublicKey, publicKeyFromBlob } from "../format/public-key.js";
import type { HostKeySource } from "./host-key-source.js";
import { isPrivateKeyText, isText, type PrivateKeyResult, parsePrivateKey, privateKeyRules } from "./private-key.js";

/** The key by which a server proves who it is. */
export interface HostKey {
  readonly privateKey: ParsedKey;
  readonly publicKey: PublicKey;
}

/**
 * Loads a host key.
 * @throws Error of one line that names the file and what to do, where it is missing, may not be read, may be read by
 * others, is damaged, is encrypted without its passphrase, or is not ed25519.
 */
export async function loadHostKey(from: HostKeySource): Promise<HostKey> {
  const source = isPrivateKeyText(from) ? { privateKey: from } : from;
  if (typeof source !== "string" && !isText(source?.privateKey)) {
    throw new Error("host key: neither a file, a private key, nor { privateKey }; give one of these");
  }
  const file = typeof source === "string" ? expandHome(source, "host key") : undefined;
  const name = file === undefined ? "the host key" : `host key ${file}`;
  const data = typeof source === "string" ? await readHostKey(file as string) : source.privateKey;
  const passphrase = typeof source === "string" ? undefined : source.passphrase;
  const result = parseHostKey(data, name, passphrase, file);
  if ("locked" in result) {
    throw new Error(
      result.locked === "wrong"
        ? `${name} is encrypted, and the passphrase does not open it`
        : `${name} is encrypted: pass { privateKey, passphrase }, or remove its passphrase with \`ssh-keygen -p -f ${file ?? "FILE"}\``,
    );
  }
  if (result.key.type !== "ssh-ed25519") {
    // An RSA key makes ssh2 advertise SHA-1 signatures; ECDSA has no merit that ed25519 lacks.
    throw new Error(
      `${name} is of type ${result.key.type}; a host key must be ed25519: \`ssh-keygen -t ed25519 -f FILE\``,
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
    // A new one is never made by itself: every client would take the server for another.
    throw new Error(
      `${errorMessage(error)}: put a copy of the file back; or delete it and make another with \`ssh-keygen -t ed25519 -N "" -f ${file}\`, which every client has to learn anew`,
      { cause: error },
    );
  }
}

async function readHostKey(file: string): Promise<Buffer> {
  try {
    return (await readFileChecked(file, privateKeyRules("host key"))).data;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new Error(`host key ${file} does not exist: make one with \`ssh-keygen -t ed25519 -N "" -f ${file}\``, {
      cause: error,
    });
  }
}

/**
 * Makes a host key: see {@link createKeyPair}.
 * @throws Error of one line that names the file, where it exists or cannot be written.
 */
export async function createHostKey(file: string): Promise<PublicKey> {
  return createKeyPair(file, { what: "host key", comment: "sshrpc host key" });
}
