import type { Command } from "commander";
import { editKeyFile } from "./key-file.js";
import { type ListedLine, linesOfKey, warnOfWrongLines } from "./key-lines.js";
import { listOf, type PlaceFlags, withPlace } from "./place.js";

/** `sshrpc keys remove KEY`: lets a key in no more, wherever the file lists it. Servers that run close its connections. */
export function addRemoveCommand(keys: Command): void {
  withPlace(keys.command("remove"))
    .description("let a key in no more; its connections are closed")
    .argument("<key>", "its name or fingerprint")
    .action(remove);
}

async function remove(called: string, flags: PlaceFlags): Promise<void> {
  const file = listOf(flags);
  let removed: readonly ListedLine[] = [];
  const lines = await editKeyFile(file, (before) => {
    removed = linesOfKey(before, called, file);
    const numbers = new Set(removed.map(({ number }) => number));
    return before.filter(({ number }) => !numbers.has(number)).map(({ text }) => text);
  });
  for (const { listed, number } of removed) {
    process.stdout.write(
      `removed ${listed.grant.keyName ?? "a key"} ${listed.key.fingerprint} (it was ${file}:${number})\n`,
    );
  }
  warnOfWrongLines(lines, file);
}
