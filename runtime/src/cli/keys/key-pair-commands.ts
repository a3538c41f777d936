import { hostname, userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { makeDirectory } from "../../base/make-directory.js";
import { printable } from "../../base/printable.js";
import { createKeyPair } from "../../ssh/keys/files/create-key-pair.js";
import { expandHome } from "../../ssh/keys/files/read-file.js";
import { publicKeyLine } from "../../ssh/keys/format/public-key.js";
import { publicHalf } from "../../ssh/keys/identity/public-half.js";
import { parseFileName } from "../shared/arguments.js";
import { UsageError } from "../shared/failure.js";
import { type CliIo, homeOf, pathOf } from "../shared/io.js";

interface GenerateFlags {
  readonly name?: string;
}

/** `sshrpc keys generate FILE`: generates a key pair for a client. */
export function addGenerateCommand(keys: Command, io: CliIo): void {
  keys
    .command("generate")
    .description("generate an ed25519 key pair for a client: FILE and FILE.pub")
    .argument("<file>", "private key file, such as ~/.ssh/id_ed25519; it must not exist", parseFileName)
    .option("--name <name>", "comment of the key (default: user@hostname)")
    .action((file: string, flags: GenerateFlags) => generate(file, flags, io));
}

async function generate(file: string, flags: GenerateFlags, io: CliIo): Promise<void> {
  const name = (flags.name ?? `${userInfo().username}@${hostname()}`).trim();
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(name) || name.length > 100) {
    throw new UsageError(
      `invalid name "${printable(name, 40)}"; use at most 100 characters without control characters`,
    );
  }
  // Like ssh-keygen, create only ~/.ssh; another missing directory is more likely a typo.
  const path = pathOf(io, file);
  const directory = dirname(resolve(expandHome(path, "key")));
  if (directory === join(homeOf(io), ".ssh")) makeDirectory(directory, 0o700);
  const key = await createKeyPair(path, { what: "key", comment: name });
  io.stdout.write(`private key   ${file} (to encrypt it: ssh-keygen -p -f ${file})
public key    ${file}.pub
fingerprint   ${key.fingerprint}

${publicKeyLine(key)} ${name}
`);
}

/** `sshrpc keys public FILE`: prints the public key of a private key. */
export function addPublicCommand(keys: Command, io: CliIo): void {
  keys
    .command("public")
    .description("print the public key of a private key")
    .argument("<file>", "private key file, such as ~/.ssh/id_ed25519", parseFileName)
    .action(async (file: string) => {
      const { key, comment } = await publicHalf(pathOf(io, file));
      io.stdout.write(`${publicKeyLine(key)}${comment === "" ? "" : ` ${comment}`}\n`);
    });
}
