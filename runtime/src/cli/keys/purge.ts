import type { Command } from "commander";
import { UsageError } from "../shared/failure.js";
import { editKeyFile } from "./key-file.js";
import { keysFileOf, type PlaceFlags, withPlace } from "./place.js";

/** `sshrpc keys purge --yes`: removes every key and every invalid line. Comments are kept. */
export function addPurgeCommand(keys: Command): void {
  withPlace(keys.command("purge"))
    .description("remove every key and close all connections")
    .option("--yes", "confirm: the removal cannot be undone")
    .action(purge);
}

async function purge(flags: PlaceFlags & { readonly yes?: true }): Promise<void> {
  const file = keysFileOf(flags);
  if (!flags.yes) throw new UsageError(`this removes every key from ${file}; confirm with --yes`);
  let count = 0;
  await editKeyFile(file, (before) => {
    const kept = before.filter(({ listed, problem }) => listed === undefined && problem === undefined);
    count = before.length - kept.length;
    return kept.map(({ text }) => text);
  });
  process.stdout.write(`removed ${count} ${count === 1 ? "line" : "lines"} from ${file}; no keys are authorized\n`);
}
