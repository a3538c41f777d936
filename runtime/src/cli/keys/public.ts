import type { Command } from "commander";
import { publicKeyLine } from "../../ssh/keys/format/public-key.js";
import { publicHalf } from "../../ssh/keys/identity/public-half.js";
import { parseFileName } from "../shared/arguments.js";

/** `sshrpc keys public FILE`: prints the public key of a private key. */
export function addPublicCommand(keys: Command): void {
  keys
    .command("public")
    .description("print the public key of a private key")
    .argument("<file>", "private key file, such as ~/.ssh/id_ed25519", parseFileName)
    .action(async (file: string) => {
      const { key, comment } = await publicHalf(file);
      process.stdout.write(`${publicKeyLine(key)}${comment === "" ? "" : ` ${comment}`}\n`);
    });
}
