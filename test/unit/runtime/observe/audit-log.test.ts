import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { expect, it, onTestFinished } from "vitest";
import type { CallEnded, Observer } from "../../../../runtime/src/base/observer/observer.js";
import { openAuditLog } from "../../../../runtime/src/observe/audit-log.js";
import { reopenMoved } from "../../../../runtime/src/observe/reopen-moved.js";
import { TestLog } from "../support/server.js";

const call = (more: Partial<CallEnded> = {}): CallEnded => ({
  call: 1,
  side: "server",
  peer: { user: "alice", scopes: ["*"], connectionId: "c1", address: "192.0.2.7:1" },
  method: "GET /notes",
  status: "OK",
  milliseconds: 1.26,
  bytesIn: 1,
  bytesOut: 2,
  itemsIn: 0,
  itemsOut: 0,
  ...more,
});

async function open(audit = new TestLog()): Promise<{ audit: TestLog; observer: Observer }> {
  const { observer } = await openAuditLog({ audit }, new TestLog());
  return { audit, observer };
}

it("writes who did what with which outcome, shortened, and what has a reason as a warning", async () => {
  const { audit, observer } = await open();
  const connection = { connectionId: "c1", address: "192.0.2.7:1" };
  const reason = `a\nb${"c".repeat(999)}`;
  observer.authenticationRefused?.({ ...connection, user: "alice", method: "password", reason });
  observer.authenticated?.({ ...connection, peer: { user: "alice", scopes: ["*"], authMethods: ["password"] } });
  const fields = { connection: "c1", address: "192.0.2.7:1", user: "alice", method: "password" };
  expect(audit.lines).toEqual([
    {
      level: "warn",
      message: "authentication refused",
      fields: { ...fields, reason: expect.stringMatching(/^a\\u\{a\}bc+…$/) },
    },
    { level: "info", message: "authenticated", fields: { ...fields, scopes: ["*"] } },
  ]);
});

it("writes what the login has proven before the user name, which the client claims", async () => {
  const { audit, observer } = await open();
  observer.callEnded?.(call({ peer: { user: "root", principal: "alice", fingerprint: "SHA256:x", scopes: [] } }));
  observer.callEnded?.(call({ peer: { user: "root", principal: undefined, fingerprint: "SHA256:x", scopes: [] } }));
  const names = audit.lines.map(({ fields }) => Object.keys(fields).slice(0, 3));
  expect(names).toEqual([
    ["principal", "fingerprint", "user"],
    ["fingerprint", "user", "method"],
  ]);
});

it("writes no debug lines, no errors and no fields of messages without an event", async () => {
  const { audit, observer } = await open();
  const secret = { error: new Error("SECRET"), fields: { text: "SECRET" }, address: "192.0.2.7:1" };
  observer.diagnostic?.({ ...secret, level: "error", message: "a listener failed" });
  observer.diagnostic?.({ ...secret, level: "debug", message: "debug message of the client" });
  observer.rekeyed?.({ address: "192.0.2.7:1" });
  observer.keysReloaded?.({ list: "authorized_keys", files: ["/SECRET"], keys: 1 });
  observer.callEnded?.(call({ status: "INTERNAL", error: new Error("SECRET") }));
  expect(audit.lines.slice(0, 2)).toEqual([
    { level: "error", message: "a listener failed", fields: { address: "192.0.2.7:1" } },
    { level: "info", message: "authorized_keys reloaded", fields: {} },
  ]);
  expect(audit.lines).toHaveLength(3);
  expect(JSON.stringify(audit.lines)).not.toContain("SECRET");
});

it("numbers the calls of each connection", async () => {
  const { audit, observer } = await open();
  const first = call();
  const other = call({ peer: { user: "bob", scopes: [] }, method: "GET /\u001b[31m", status: "NOT_FOUND" });
  for (const ended of [first, first, other]) observer.callEnded?.(ended);
  expect(audit.lines.map(({ level, fields }) => [level, fields["call"], fields["method"]])).toEqual([
    ["info", "c1.1", "GET /notes"],
    ["info", "c1.2", "GET /notes"],
    ["warn", undefined, String.raw`GET /\u{1b}[31m`],
  ]);
  expect(audit.lines[0]?.fields["milliseconds"]).toBe(1.3);
});

it("receives no event without an audit log", async () => {
  expect((await openAuditLog({}, new TestLog())).observer).toEqual({});
});

it("catches the error of a logger that throws, and logs it", async () => {
  const log = new TestLog();
  const broken = () => {
    throw new Error("disk gone");
  };
  const audit = await openAuditLog({ audit: { debug: broken, info: broken, warn: broken, error: broken } }, log);
  audit.observer.callEnded?.(call());
  audit.observer.connectionRefused?.({ reason: "full" });
  const message = "the audit log could not be written";
  expect(log.lines.map((line) => line.message)).toEqual([message, message]);
  await audit.close();
  audit.observer.callEnded?.(call());
  expect(log.lines).toHaveLength(2);
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
  expect(problems).toEqual([
    expect.stringMatching(/^the audit log cannot be reopened: lines go to the moved file: ENOENT/),
  ]);
  await write("two");
  expect(await readFile(join(home, "moved", "audit.log"), "utf8")).toBe("one\ntwo\n");

  await mkdir(folder);
  await check();
  await check();
  await write("three");
  expect(await readFile(file, "utf8")).toBe("three\n");
  expect(problems).toHaveLength(1);
});

it("removes the access of others from a file that exists", async () => {
  const home = await mkdtemp(join(tmpdir(), "sshrpc-audit-"));
  const file = join(home, "audit.log");
  await writeFile(file, "before\n", { mode: 0o644 });
  const { close } = await openAuditLog({ audit: { file } }, new TestLog());
  onTestFinished(async () => {
    await close();
    await rm(home, { recursive: true });
  });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readFile(file, "utf8")).toBe("before\n");
});
