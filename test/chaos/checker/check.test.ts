import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { sizeOf } from "../history/content.js";
import { ENTRY, OVERLAP, PAYMENT, UPLOAD } from "../history/effect.js";
import type { Fault } from "../history/fault.js";
import { check } from "./check.js";
import { NAME, SampleRun } from "./sample-run.js";

/** The rules that a history violates once it is changed. */
async function rulesAfter(change: (files: SampleRun) => void): Promise<readonly string[]> {
  const files = new SampleRun();
  change(files);
  return (await files.check()).rules;
}

const killed = (target: string, t: number): Fault => ({ kind: "kill", target, generation: 1, t, until: t + 1 });

test("a right history has no violations, and a report of what happened", async () => {
  const files = new SampleRun();
  files.faults = [killed("server", 12), { kind: "stop", target: "client-1", t: 20, until: 2520 }];
  const { report, violations } = await files.check();
  expect(report).toContain("violations: none");
  expect(violations).toBe(0);
  expect(report).toMatch(/^STORE \/payments, key given +2$/m);
  expect(report).toContain("kills: 1 of servers, 0 of clients");
  expect(report).toContain("the longest 2.5 s");
  expect(report).toContain("effects recorded: 4; taken by followers: 4");
  expect(report).toContain("connections: 1; sent again: STORE /entries 1");
});

test("a call without an answer may have had its effect or not", async () => {
  for (const [status, how] of Object.entries({ CANCELLED: { cancels: true }, DEADLINE_EXCEEDED: { timeout: 100 } })) {
    const change = (files: SampleRun): void => {
      files.effects.push({ seq: 5, method: ENTRY, intent: "done" });
      files.journal.splice(-2, 0, { e: "item", seq: 5, intent: "done" });
      for (const id of ["done", "not done"]) files.call({ id, method: ENTRY, intent: id, ...how }, { status });
    };
    expect(await rulesAfter(change)).toEqual([]);
  }
});

describe("the checker detects", () => {
  test.each<[string, string, (files: SampleRun) => void]>([
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
        files.call({ id: "c", method: ENTRY, intent: "c", timeout: 100 }, { status: "DEADLINE_EXCEEDED" });
        for (const seq of [5, 6]) {
          files.effects.push({ seq, method: ENTRY, intent: "c" });
          files.journal.splice(-2, 0, { e: "item", seq, intent: "c" });
        }
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
      (files) => {
        files.end("a", { status: "BAD_REQUEST", seq: undefined });
        files.journal = files.journal.map((line) =>
          line.e === "call" && line.id === "a" ? { ...line, expect: "BAD_REQUEST" } : line,
        );
      },
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
          { e: "finish", last: 4, t: 220 },
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
      "an unexpected status",
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
      "interrupted, but not by a caller or the end of a server",
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
      "a call that was cancelled by the server",
      "cancelled, but not by a caller",
      (files) => files.call({ id: "c", method: ENTRY, intent: "c" }, { status: "CANCELLED" }),
    ],
    [
      "a call that had no outcome in two minutes",
      "no outcome in all its time",
      (files) => files.call({ id: "c", method: ENTRY, intent: "c", timeout: 240_000 }, { status: "DEADLINE_EXCEEDED" }),
    ],
    [
      "a failure inside",
      "an unexpected status",
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
  const change = (files: SampleRun): void => {
    files.faults = [killed("client-1", 105)];
    files.call({ id: "c", method: ENTRY, intent: "c" });
    files.without((line) => line.e === "finish" || (line.e === "end" && line.id === "a"));
  };
  expect(await rulesAfter(change)).toEqual([]);
});

test("the time in which a client was stopped does not make its calls late", async () => {
  const change = (files: SampleRun): void => {
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
