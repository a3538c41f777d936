import type { Command } from "commander";
import { printable } from "../../base/printable.js";
import type { CliIo } from "../shared/io.js";
import { describeKey, describeLines, MAX_DESCRIBED } from "./describe-key.js";
import { readKeyFile } from "./key-file.js";
import { linesOfKey } from "./key-lines.js";
import { keysFileOf, type PlaceFlags, withPlace } from "./place.js";

/** `sshrpc keys show KEY`: prints the details of one key. */
export function addShowCommand(keys: Command, io: CliIo): void {
  withPlace(keys.command("show"))
    .description("print the details of one key")
    .argument("<key>", "name or fingerprint of the key")
    .action((name: string, flags: PlaceFlags) => show(name, flags, io));
}

async function show(name: string, flags: PlaceFlags, io: CliIo): Promise<void> {
  const file = keysFileOf(flags, io);
  for (const line of linesOfKey(await readKeyFile(file), name, file)) {
    const { number, text } = line;
    const description = describeKey(line);
    io.stdout.write(
      `${description.name ?? "-"} (${file}:${number})\n${describeLines(description).join("\n")}\n  ${printable(text.trim(), MAX_DESCRIBED)}\n`,
    );
  }
}
