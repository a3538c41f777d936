import type { Command } from "commander";
import { publicKeyLine } from "../../ssh/keys/format/public-key.js";
import { publicHalf } from "../../ssh/keys/identity/public-half.js";
import { parseFileName } from "../file-name.js";

/** `sshrpc keys public FILE`: the public key of a private one. */
export function addPublicCommand(keys: Command): void {
  keys
    .command("public")
    .description("print the public key of a private one")
    .argument("<file>", "the private key, such as ~/.ssh/id_ed25519", parseFileName)
    .action(async (file: string) => {
      const { key, comment } = await publicHalf(file);
      process.stdout.write(`${publicKeyLine(key)}${comment === "" ? "" : ` ${comment}`}\n`);
    });
}
