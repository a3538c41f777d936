import { homedir, hostname, userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { printable } from "../../base/printable.js";
import { createKeyPair } from "../../ssh/keys/files/create-key-pair.js";
import { expandHome } from "../../ssh/keys/files/read-file.js";
import { publicKeyLine } from "../../ssh/keys/format/public-key.js";
import { parseFileName } from "../file-name.js";
import { UsageError } from "../shared/failure.js";
import { makeMissing } from "../shared/make-missing.js";

/** `sshrpc keys generate FILE`: makes a client's key pair. */
export function addGenerateCommand(keys: Command): void {
  keys
    .command("generate")
    .description("make a client's ed25519 key pair: FILE, and FILE.pub for the server")
    .argument("<file>", "such as ~/.ssh/id_ed25519; it must not exist yet", parseFileName)
    .option("--name <name>", "the comment of the key (default: you@this-machine)")
    .action(generate);
}

async function generate(file: string, flags: { readonly name?: string }): Promise<void> {
  const name = (flags.name ?? `${userInfo().username}@${hostname()}`).trim();
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(name) || name.length > 100) {
    throw new UsageError(`a name has at most 100 characters, and no control characters: "${printable(name, 40)}"`);
  }
  // As ssh-keygen does for somebody's first key; any other directory that is missing is more likely a mistake.
  const directory = dirname(resolve(expandHome(file, "key")));
  if (directory === join(homedir(), ".ssh")) makeMissing(directory);
  const key = await createKeyPair(file, { what: "key", comment: name });
  process.stdout.write(`private key   ${file} (to encrypt it: ssh-keygen -p -f ${file})
public key    ${file}.pub
fingerprint   ${key.fingerprint}

${publicKeyLine(key)} ${name}
`);
}
