import type { Command } from "commander";
import { UsageError } from "../shared/failure.js";
import type { CliIo } from "../shared/io.js";
import { editKeyFile } from "./key-file.js";
import type { KeyLine } from "./key-lines.js";
import { keysFileOf, type PlaceFlags, withPlace } from "./place.js";

interface PurgeFlags extends PlaceFlags {
  readonly yes?: true;
}

/** `sshrpc keys purge --yes`: removes every key and every invalid line. Comments are kept. */
export function addPurgeCommand(keys: Command, io: CliIo): void {
  withPlace(keys.command("purge"))
    .description("remove every key and close all connections")
    .option("--yes", "confirm: the removal cannot be undone")
    .action((flags: PurgeFlags) => purge(flags, io));
}

async function purge(flags: PurgeFlags, io: CliIo): Promise<void> {
  const file = keysFileOf(flags, io);
  if (!flags.yes) throw new UsageError(`this removes every key from ${file}; confirm with --yes`);
  let count = 0;
  const edit = (before: readonly KeyLine[]): string[] => {
    const kept = before.filter(({ listed, problem }) => listed === undefined && problem === undefined);
    count = before.length - kept.length;
    return kept.map(({ text }) => text);
  };
  await editKeyFile(file, edit, { io });
  io.stdout.write(`removed ${count} ${count === 1 ? "line" : "lines"} from ${file}; no keys are authorized\n`);
}
