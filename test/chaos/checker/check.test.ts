import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { contentOf, receiptOf, sizeOf } from "../history/content.js";
import { type Effect, ENTRY, FOLLOW, OVERLAP, PAYMENT, READ, SETTING, UPLOAD } from "../history/effect.js";
import type { Fault } from "../history/fault.js";
import type { JournalLine } from "../history/journal.js";
import { check, type Verdict } from "./check.js";

const NAME = "client-1.1.uploads.1";
const KEY = "user-1/k1";

/** The files of a run, as lines that a test changes before it writes them. */
class Files {
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
    { e: "item", seq: 1, intent: "a" },
    { e: "item", seq: 2, intent: "b" },
    { e: "item", seq: 3, intent: "s/1" },
    { e: "item", seq: 4, intent: NAME },
    { e: "end", id: "follow", status: "OK", t: 110 },
    { e: "finish", last: 4, connections: 1, retries: 0, t: 120 },
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

/** The rules that a history violates once it is changed. */
async function rulesAfter(change: (files: Files) => void): Promise<readonly string[]> {
  const files = new Files();
  change(files);
  return (await files.check()).rules;
}

const killed = (target: string, t: number): Fault => ({ kind: "kill", target, generation: 1, t, until: t + 1 });

test("a right history has no violations, and a report of what happened", async () => {
  const files = new Files();
  files.faults = [killed("server", 12), { kind: "stop", target: "client-1", t: 20, until: 2520 }];
  const { report, violations } = await files.check();
  expect(report).toContain("violations: none");
  expect(violations).toBe(0);
  expect(report).toMatch(/^STORE \/payments, key given +2$/m);
  expect(report).toContain("kills: 1 of servers, 0 of clients");
  expect(report).toContain("the longest 2.5 s");
  expect(report).toContain("effects recorded: 4; taken by followers: 4");
});

test("a call without an answer may have had its effect or not", async () => {
  const change = (status: string) => (files: Files) => {
    files.end("a", { status, seq: undefined });
    files.call({ id: "none", method: ENTRY, intent: "none" }, { status });
  };
  for (const status of ["DEADLINE_EXCEEDED", "CANCELLED"]) {
    expect(await rulesAfter(change(status))).toEqual([]);
  }
});

describe("the checker detects", () => {
  test.each<[string, string, (files: Files) => void]>([
    [
      "an acknowledged STORE that is missing",
      "acknowledged, but not done",
      (files) => files.call({ id: "c", method: ENTRY, intent: "c" }, { status: "OK" }),
    ],
    [
      "a STORE that was done twice",
      "done twice",
      (files) => {
        files.effects.push({ seq: 5, method: ENTRY, intent: "a" });
        files.journal.splice(-2, 0, { e: "item", seq: 5, intent: "a" });
      },
    ],
    [
      "a STORE without an answer that was done twice",
      "done twice",
      (files) => {
        files.end("a", { status: "DEADLINE_EXCEEDED", seq: undefined });
        files.effects.push({ seq: 5, method: ENTRY, intent: "a" });
        files.journal.splice(-2, 0, { e: "item", seq: 5, intent: "a" });
      },
    ],
    [
      "an effect that no call asked for",
      "an effect without a call",
      (files) => files.without((line) => "id" in line && line.id === "a"),
    ],
    [
      "a refused call that was done",
      "refused, but done",
      (files) => files.end("a", { status: "BAD_REQUEST", seq: undefined }),
    ],
    ["a response of another call", "a response of another call", (files) => files.end("b2", { seq: 1 })],
    [
      "two outcomes of one key",
      "two outcomes of one key",
      (files) => {
        files.call({ id: "a1", method: ENTRY, intent: "a", key: "user-1/a" }, { status: "INTERRUPTED" });
        files.faults = [killed("server", 52)];
      },
    ],
    ["a gap in a stream", "a gap in a stream", (files) => files.without((line) => line.e === "item" && line.seq === 2)],
    [
      "a repeat in a stream",
      "a repeat in a stream",
      (files) => files.journal.splice(-2, 0, { e: "item", seq: 4, intent: NAME }),
    ],
    [
      "a gap between two processes of a client",
      "a gap in a stream",
      (files) => {
        files.faults = [killed("client-1", 105)];
        files.without((line) => line.e === "finish" || (line.e === "item" && line.seq > 2));
        files.journals["client-1.2.jsonl"] = [
          { e: "begin", client: "client-1", generation: 2, after: 2, t: 200 },
          { e: "item", seq: 4, intent: NAME },
          { e: "finish", last: 4, connections: 1, retries: 0, t: 220 },
        ];
      },
    ],
    [
      "an item with the content of another one",
      "a wrong item in a stream",
      (files) => {
        files.journal = files.journal.map((line) =>
          line.e === "item" && line.seq === 3 ? { ...line, intent: "a" } : line,
        );
      },
    ],
    [
      "a follower that ended before the last effect",
      "a follower ended early",
      (files) => files.without((line) => line.e === "item" && line.seq === 4),
    ],
    ["a call that never ended", "a call never ended", (files) => files.call({ id: "c", method: ENTRY, intent: "c" })],
    [
      "a call that ended long after its timeout",
      "a call ended late",
      (files) =>
        files.call({ id: "c", method: ENTRY, intent: "c", timeout: 1000 }, { status: "DEADLINE_EXCEEDED", t: 60_000 }),
    ],
    [
      "a call that was given up, although it could be sent again",
      "unavailable, although it may be sent again",
      (files) => files.call({ id: "c", method: ENTRY, intent: "c" }, { status: "UNAVAILABLE" }),
    ],
    [
      "a wrong checksum in the record",
      "an upload with a wrong checksum",
      (files) => {
        files.effects = files.effects.map((effect) =>
          effect.method === UPLOAD ? { ...effect, sha256: "00" } : effect,
        );
      },
    ],
    ["a wrong checksum in a receipt", "an upload with a wrong checksum", (files) => files.end("up", { sha256: "00" })],
    [
      "a file with a wrong byte",
      "an upload with a wrong checksum",
      (files) => {
        files.upload[sizeOf(NAME) - 1] = (files.upload[sizeOf(NAME) - 1] as number) ^ 1;
      },
    ],
    ["a lost setting", "a lost setting", (files) => files.end("read", { revision: 0 })],
    [
      "two handlers of one key at once",
      "two handlers ran for one key",
      (files) => {
        files.effects.push({ seq: 5, method: OVERLAP, intent: NAME });
        files.journal.splice(-2, 0, { e: "item", seq: 5, intent: NAME });
      },
    ],
    [
      "an interruption without a kill",
      "interrupted, but no server was killed meanwhile",
      (files) => files.call({ id: "c", method: ENTRY, intent: "c" }, { status: "INTERRUPTED" }),
    ],
    [
      "an interruption of a call that may run again",
      "interrupted, although it may run again",
      (files) => {
        files.call({ id: "c", method: PAYMENT, intent: "c" }, { status: "INTERRUPTED" });
        files.faults = [killed("server", 52)];
      },
    ],
    [
      "another status than the only right one",
      "an unexpected status",
      (files) => files.call({ id: "c", method: ENTRY, intent: "c", expect: "BAD_REQUEST" }, { status: "NOT_FOUND" }),
    ],
    [
      "a failure inside",
      "a fault inside",
      (files) => files.call({ id: "c", method: ENTRY, intent: "c" }, { status: "INTERNAL" }),
    ],
    [
      "a process that ended by itself",
      "a process ended by itself",
      (files) => files.faults.push({ kind: "exit", target: "server", generation: 1, t: 5, how: "status 1" }),
    ],
    [
      "a client that did not finish",
      "a client did not finish",
      (files) => files.without((line) => line.e === "finish"),
    ],
  ])("%s", async (_, rule, change) => {
    expect(await rulesAfter(change)).toEqual([rule]);
  });
});

test("an open call of a killed process may have had its effect or not", async () => {
  const change = (files: Files): void => {
    files.faults = [killed("client-1", 105)];
    files.call({ id: "c", method: ENTRY, intent: "c" });
    files.without((line) => line.e === "finish" || (line.e === "end" && line.id === "a"));
  };
  expect(await rulesAfter(change)).toEqual([]);
});

test("the time in which a client was stopped does not make its calls late", async () => {
  const change = (files: Files): void => {
    files.call({ id: "c", method: ENTRY, intent: "c", timeout: 1000 }, { status: "DEADLINE_EXCEEDED", t: 60_000 });
    files.faults = [{ kind: "stop", target: "client-1", t: 50, until: 45_000 }];
  };
  expect(await rulesAfter(change)).toEqual([]);
});

test("an incomplete last line of a killed process is left out, and an invalid one before it is an error", async () => {
  const directory = mkdtempSync(join(tmpdir(), "sshrpc-checker-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, "journals"));
  const file = join(directory, "journals", "client-1.1.jsonl");
  const begin = JSON.stringify({ e: "begin", client: "client-1", generation: 1, after: 0, t: 0 });
  writeFileSync(join(directory, "faults.jsonl"), `${JSON.stringify(killed("client-1", 1))}\n`);
  writeFileSync(file, `${begin}\n{"e":"ca`);
  expect((await check(directory)).violations).toBe(0);
  writeFileSync(file, `${begin}\n{"e":"ca\n{"e":"item","seq":1,"intent":"a"}\n`);
  await expect(check(directory)).rejects.toThrow(`${file}: invalid line 2`);
});
