import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import type { ServedCall } from "sshrpc/server";
import { expect, it, onTestFinished } from "vitest";
import { openAuditLog } from "../../../../runtime/src/observe/audit-log.js";
import { reopenMoved } from "../../../../runtime/src/observe/reopen-moved.js";
import { TestLog } from "../support/server.js";

const call = (more: Partial<ServedCall> = {}): ServedCall => ({
  peer: { user: "alice", scopes: ["*"], connectionId: "c1", address: "192.0.2.7:1" },
  method: "GET /notes",
  status: "OK",
  milliseconds: 1.26,
  bytesIn: 1,
  bytesOut: 2,
  ...more,
});

it("passes lines on unchanged, and writes only the fields of an audit, shortened", async () => {
  const [log, audit] = [new TestLog(), new TestLog()];
  const both = (await openAuditLog({ audit }, log)).with(log);
  const fields = {
    user: "alice",
    password: "x",
    err: new Error("SECRET"),
    text: "SECRET",
    reason: `a\nb${"c".repeat(999)}`,
  };
  both.info(fields, "refused");
  both.info({ user: "alice" }, "authenticated");
  both.debug({ user: "alice" }, "details");
  expect(log.lines.map(({ level, message }) => [level, message])).toEqual([
    ["info", "refused"],
    ["info", "authenticated"],
    ["debug", "details"],
  ]);
  expect(log.lines[0]?.fields).toEqual(fields);
  expect(audit.lines).toEqual([
    { level: "warn", message: "refused", fields: { user: "alice", reason: expect.stringMatching(/^a\\u\{a\}bc+…$/) } },
    { level: "info", message: "authenticated", fields: { user: "alice" } },
  ]);
});

it("numbers the calls of each connection, and calls the next listener", async () => {
  const audit = new TestLog();
  const received: ServedCall[] = [];
  const onCall = (await openAuditLog({ audit }, new TestLog())).onCall((ended) => void received.push(ended));
  const first = call();
  const other = call({ peer: { user: "bob", scopes: [] }, method: "GET /\u001b[31m", status: "NOT_FOUND" });
  for (const ended of [first, first, other]) onCall?.(ended);
  expect(received).toEqual([first, first, other]);
  expect(audit.lines.map(({ level, fields }) => [level, fields["call"], fields["method"]])).toEqual([
    ["info", "c1.1", "GET /notes"],
    ["info", "c1.2", "GET /notes"],
    ["warn", undefined, String.raw`GET /\u{1b}[31m`],
  ]);
  expect(audit.lines[0]?.fields["milliseconds"]).toBe(1.3);
});

it("adds nothing without an audit log and a listener", async () => {
  const log = new TestLog();
  const audit = await openAuditLog({}, log);
  expect(audit.with(log)).toBe(log);
  expect(audit.onCall()).toBeUndefined();
});

it("catches the error of a logger that throws, and logs it", async () => {
  const log = new TestLog();
  const broken = () => {
    throw new Error("disk gone");
  };
  const audit = await openAuditLog({ audit: { debug: broken, info: broken, warn: broken, error: broken } }, log);
  audit.onCall()?.(call());
  audit.with(log).info({}, "line");
  expect(log.lines.map(({ message }) => message)).toEqual([
    "the audit log could not be written",
    "line",
    "the audit log could not be written",
  ]);
  await audit.close();
  audit.onCall()?.(call());
  expect(log.lines).toHaveLength(3);
});

it("reopens a log whose directory was missing for a while, and reports the failure once", async () => {
  const home = await mkdtemp(join(tmpdir(), "sshrpc-"));
  const folder = join(home, "logs");
  const file = join(folder, "audit.log");
  await mkdir(folder);
  const destination = pino.destination({ dest: file, append: true, sync: false });
  await once(destination, "ready");
  onTestFinished(async () => {
    const closed = once(destination, "close");
    destination.end();
    await closed;
    await rm(home, { recursive: true });
  });
  const problems: string[] = [];
  const check = reopenMoved(file, 0o600, destination, (message, error) =>
    problems.push(`${message}: ${error.message}`),
  );
  const write = async (line: string): Promise<void> => {
    destination.write(`${line}\n`);
    await new Promise<void>((resolve) => destination.flush(() => resolve()));
  };

  await write("one");
  await check();
  await rename(folder, join(home, "moved"));
  await check();
  await check();
  expect(problems).toEqual([expect.stringMatching(/^the audit log cannot be reopened.*ENOENT/)]);
  await write("two");
  expect(await readFile(join(home, "moved", "audit.log"), "utf8")).toBe("one\ntwo\n");

  await mkdir(folder);
  await check();
  await check();
  await write("three");
  expect(await readFile(file, "utf8")).toBe("three\n");
  expect(problems).toHaveLength(1);
});
