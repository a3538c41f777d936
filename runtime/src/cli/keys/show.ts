import type { Command } from "commander";
import { printable } from "../../base/printable.js";
import { describeKey, describeLines, MAX_LINE } from "./describe-key.js";
import { readKeyFile } from "./key-file.js";
import { linesOfKey } from "./key-lines.js";
import { listOf, type PlaceFlags, withPlace } from "./place.js";

/** `sshrpc keys show KEY`: all that is known of one key. */
export function addShowCommand(keys: Command): void {
  withPlace(keys.command("show"))
    .description("print all of one key")
    .argument("<key>", "its name or fingerprint")
    .action(show);
}

async function show(called: string, flags: PlaceFlags): Promise<void> {
  const file = listOf(flags);
  for (const { number, text, listed } of linesOfKey(await readKeyFile(file), called, file)) {
    const description = describeKey(listed);
    process.stdout.write(
      `${description.name ?? "-"} (${file}:${number})\n${describeLines(description).join("\n")}\n  ${printable(text.trim(), MAX_LINE)}\n`,
    );
  }
}
