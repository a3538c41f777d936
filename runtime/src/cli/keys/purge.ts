import type { Command } from "commander";
import { UsageError } from "../shared/failure.js";
import { editKeyFile } from "./key-file.js";
import { listOf, type PlaceFlags, withPlace } from "./place.js";

/** `sshrpc keys purge --yes`: lets nobody in any more. Comments stay; lines that are wrong go, too. */
export function addPurgeCommand(keys: Command): void {
  withPlace(keys.command("purge"))
    .description("let nobody in any more; all connections are closed")
    .option("--yes", "do it: there is no way back")
    .action(purge);
}

async function purge(flags: PlaceFlags & { readonly yes?: true }): Promise<void> {
  const file = listOf(flags);
  if (!flags.yes) throw new UsageError(`every key would be removed from ${file}: say --yes to do it`);
  let count = 0;
  await editKeyFile(file, (before) => {
    const kept = before.filter(({ listed, problem }) => listed === undefined && problem === undefined);
    count = before.length - kept.length;
    return kept.map(({ text }) => text);
  });
  process.stdout.write(`removed ${count} ${count === 1 ? "line" : "lines"} from ${file}: nobody is let in\n`);
}
