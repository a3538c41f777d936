import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { contentOf, receiptOf } from "../history/content.js";
import { type Effect, ENTRY, FOLLOW, PAYMENT, READ, SETTING, UPLOAD } from "../history/effect.js";
import type { Fault } from "../history/fault.js";
import type { JournalLine } from "../history/journal.js";
import { check, type Verdict } from "./check.js";

/** The name of the upload. */
export const NAME = "client-1.1.uploads.1";
const KEY = "user-1/k1";

/** The files of a right run, as lines that a test changes before it writes them. */
export class SampleRun {
  effects: Effect[] = [
    { seq: 1, method: ENTRY, intent: "a" },
    { seq: 2, method: PAYMENT, intent: "b", key: KEY },
    { seq: 3, method: SETTING, intent: "s/1", name: "s", revision: 1 },
    { seq: 4, method: UPLOAD, intent: NAME, ...receiptOf(NAME) },
  ];
  journal: JournalLine[] = [
    { e: "begin", client: "client-1", generation: 1, after: 0, t: 0 },
    { e: "call", id: "follow", method: FOLLOW, t: 0 },
    { e: "call", id: "a", method: ENTRY, intent: "a", timeout: 60_000, t: 10 },
    { e: "end", id: "a", status: "OK", seq: 1, t: 20 },
    { e: "call", id: "b1", method: PAYMENT, intent: "b", key: KEY, t: 30 },
    { e: "call", id: "b2", method: PAYMENT, intent: "b", key: KEY, t: 30 },
    { e: "end", id: "b1", status: "OK", seq: 2, t: 40 },
    { e: "end", id: "b2", status: "OK", seq: 2, t: 40 },
    { e: "call", id: "s", method: SETTING, intent: "s/1", name: "s", revision: 1, t: 50 },
    { e: "end", id: "s", status: "OK", revision: 1, t: 60 },
    { e: "call", id: "read", method: READ, name: "s", t: 70 },
    { e: "end", id: "read", status: "OK", revision: 1, t: 80 },
    { e: "call", id: "up", method: UPLOAD, intent: NAME, key: `user-1/${NAME}`, t: 90 },
    { e: "end", id: "up", status: "OK", ...receiptOf(NAME), t: 100 },
    { e: "connect", t: 1 },
    { e: "retry", method: ENTRY, t: 15 },
    { e: "item", seq: 1, intent: "a" },
    { e: "item", seq: 2, intent: "b" },
    { e: "item", seq: 3, intent: "s/1" },
    { e: "item", seq: 4, intent: NAME },
    { e: "end", id: "follow", status: "OK", t: 110 },
    { e: "finish", last: 4, t: 120 },
  ];
  faults: Fault[] = [];
  /** Further files of `journals`. */
  journals: Record<string, JournalLine[]> = {};
  upload = contentOf(NAME);

  /** Replaces the line of a call's end. */
  end(id: string, change: object): void {
    this.journal = this.journal.map((line) => (line.e === "end" && line.id === id ? { ...line, ...change } : line));
  }

  /** Removes the lines for which `gone` is true. */
  without(gone: (line: JournalLine) => boolean): void {
    this.journal = this.journal.filter((line) => !gone(line));
  }

  /** Adds a call with its end. */
  call(call: object, end?: object): void {
    const added = [{ e: "call", t: 50, ...call }, ...(end ? [{ e: "end", t: 55, ...call, ...end }] : [])];
    this.journal.splice(-1, 0, ...(added as JournalLine[]));
  }

  /** What the checker says of them. */
  async check(): Promise<Verdict> {
    const directory = mkdtempSync(join(tmpdir(), "sshrpc-checker-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    for (const folder of ["journals", "uploads"]) mkdirSync(join(directory, folder));
    const write = (name: string, lines: readonly object[]): void =>
      writeFileSync(join(directory, name), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    write("effects.jsonl", this.effects);
    write("faults.jsonl", this.faults);
    write("journals/client-1.1.jsonl", this.journal);
    for (const [name, lines] of Object.entries(this.journals)) write(`journals/${name}`, lines);
    writeFileSync(join(directory, "uploads", NAME), this.upload);
    return await check(directory);
  }
}
