import type { Command } from "commander";
import type { CliIo } from "../shared/io.js";
import { editKeyFile } from "./key-file.js";
import { checkLines, type KeyLine, type ListedLine, linesOfKey, reportInvalidLines } from "./key-lines.js";
import { keysFileOf, type PlaceFlags, withPlace } from "./place.js";

/** `sshrpc keys remove KEY`: revokes a key on every line that lists it. Running servers close its connections. */
export function addRemoveCommand(keys: Command, io: CliIo): void {
  withPlace(keys.command("remove"))
    .description("revoke a key and close its connections")
    .argument("<key>", "name or fingerprint of the key")
    .action((name: string, flags: PlaceFlags) => remove(name, flags, io));
}

async function remove(name: string, flags: PlaceFlags, io: CliIo): Promise<void> {
  const file = keysFileOf(flags, io);
  let removed: readonly ListedLine[] = [];
  const edit = (before: readonly KeyLine[]): string[] => {
    removed = linesOfKey(before, name, file);
    const numbers = new Set(removed.map(({ number }) => number));
    return before.filter(({ number }) => !numbers.has(number)).map(({ text }) => text);
  };
  const lines = await editKeyFile(file, edit, { io });
  for (const { listed, number } of removed) {
    io.stdout.write(`removed ${listed.grant.keyName ?? "a key"} ${listed.key.fingerprint} (${file}:${number})\n`);
  }
  reportInvalidLines(lines, file, io);
  checkLines(lines, file);
}
