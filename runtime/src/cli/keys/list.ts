import type { Command } from "commander";
import { escapeUnsafe } from "../../adapters/session-io/printer.js";
import { printable } from "../../base/printable.js";
import type { CliIo } from "../shared/io.js";
import { describeKey, type KeyDescription, MAX_DESCRIBED } from "./describe-key.js";
import { readKeyFile } from "./key-file.js";
import { listedLines, reportInvalidLines } from "./key-lines.js";
import { keysFileOf, type PlaceFlags, withPlace } from "./place.js";

interface ListFlags extends PlaceFlags {
  readonly json?: true;
}

/** `sshrpc keys list`: lists authorized keys, one per line. */
export function addListCommand(keys: Command, io: CliIo): void {
  withPlace(keys.command("list"))
    .description("list authorized keys")
    .option("--json", "print JSON")
    .action((flags: ListFlags) => list(flags, io));
}

async function list(flags: ListFlags, io: CliIo): Promise<void> {
  const file = keysFileOf(flags, io);
  const lines = await readKeyFile(file);
  const keys = listedLines(lines).map((line) => ({ line: line.number, ...describeKey(line) }));
  if (flags.json) io.stdout.write(`${escapeUnsafe(JSON.stringify(keys, null, 2))}\n`);
  else if (keys.length === 0) io.stdout.write(`${file}: no keys\n`);
  else io.stdout.write(table(keys));
  reportInvalidLines(lines, file, io);
}

function table(keys: readonly KeyDescription[]): string {
  const rows = [["NAME", "FINGERPRINT", "SCOPES", "LIMITS"], ...keys.map(rowOf)];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

function rowOf(key: KeyDescription): string[] {
  const limits = [
    key.authority && "certificate authority",
    key.users !== null && `users ${key.users.join(",")}`,
    key.limits,
    key.expires !== null && `${key.expired ? "expired" : "expires"} ${key.expires.slice(0, 16)}Z`,
    key.from !== null && `from ${key.from}`,
  ];
  const cells = [key.name ?? "-", key.fingerprint, key.scopes.join(",") || "-", limits.filter(Boolean).join("; ")];
  return cells.map((cell) => printable(cell, MAX_DESCRIBED));
}
