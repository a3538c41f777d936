import type { Command } from "commander";
import { printable } from "../../base/printable.js";
import { describeKey, describeLines, MAX_LINE } from "./describe-key.js";
import { readKeyFile } from "./key-file.js";
import { linesOfKey } from "./key-lines.js";
import { keysFileOf, type PlaceFlags, withPlace } from "./place.js";

/** `sshrpc keys show KEY`: prints the details of one key. */
export function addShowCommand(keys: Command): void {
  withPlace(keys.command("show"))
    .description("print the details of one key")
    .argument("<key>", "name or fingerprint of the key")
    .action(show);
}

async function show(name: string, flags: PlaceFlags): Promise<void> {
  const file = keysFileOf(flags);
  for (const { number, text, listed } of linesOfKey(await readKeyFile(file), name, file)) {
    const description = describeKey(listed);
    process.stdout.write(
      `${description.name ?? "-"} (${file}:${number})\n${describeLines(description).join("\n")}\n  ${printable(text.trim(), MAX_LINE)}\n`,
    );
  }
}
