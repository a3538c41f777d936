import type { Command } from "commander";
import { editKeyFile } from "./key-file.js";
import { type ListedLine, linesOfKey, warnOfInvalidLines } from "./key-lines.js";
import { keysFileOf, type PlaceFlags, withPlace } from "./place.js";

/** `sshrpc keys remove KEY`: revokes a key on every line that lists it. Running servers close its connections. */
export function addRemoveCommand(keys: Command): void {
  withPlace(keys.command("remove"))
    .description("revoke a key and close its connections")
    .argument("<key>", "name or fingerprint of the key")
    .action(remove);
}

async function remove(name: string, flags: PlaceFlags): Promise<void> {
  const file = keysFileOf(flags);
  let removed: readonly ListedLine[] = [];
  const lines = await editKeyFile(file, (before) => {
    removed = linesOfKey(before, name, file);
    const numbers = new Set(removed.map(({ number }) => number));
    return before.filter(({ number }) => !numbers.has(number)).map(({ text }) => text);
  });
  for (const { listed, number } of removed) {
    process.stdout.write(`removed ${listed.grant.keyName ?? "a key"} ${listed.key.fingerprint} (${file}:${number})\n`);
  }
  warnOfInvalidLines(lines, file);
}
