import { existsSync, symlinkSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RpcError } from "sshrpc/server";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { CallEnded, Observer } from "../../../../runtime/src/base/observer/observer.js";
import { openAuditLog } from "../../../../runtime/src/observe/audit-log.js";
import { TestLog } from "../support/server.js";
import { until } from "../support/wait.js";

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
  const fields = { connection: "c1", address: "192.0.2.7:1", user: "alice", authMethod: "password" };
  expect(audit.lines).toEqual([
    {
      level: "warn",
      message: "authentication refused",
      fields: { ...fields, reason: expect.stringMatching(/^a\\u\{a\}bc+…$/) },
    },
    { level: "info", message: "authenticated", fields: { ...fields, scopes: ["*"] } },
  ]);
});

it("escapes the texts of an operator who ends a connection, too", async () => {
  const { audit, observer } = await open();
  const by = { user: "a\u202eb", principal: "c\u009bd", scopes: [], connectionId: "c2" };
  observer.connectionKicked?.({
    connectionId: "c1",
    peer: { user: "e\u202ef", scopes: [] },
    by,
    grace: 0,
    reason: "x",
  });
  expect(audit.lines.map(({ fields }) => fields)).toEqual([
    expect.objectContaining({
      user: "e\\u{202e}f",
      by: { connection: "c2", principal: "c\\u{9b}d", user: "a\\u{202e}b" },
    }),
  ]);
});

it("writes what the login has proven before the user name, which the client claims", async () => {
  const { audit, observer } = await open();
  observer.callEnded?.(call({ peer: { user: "root", principal: "alice", fingerprint: "SHA256:x", scopes: [] } }));
  observer.callEnded?.(call({ peer: { user: "root", principal: undefined, fingerprint: "SHA256:x", scopes: [] } }));
  const names = audit.lines.map(({ fields }) => Object.keys(fields).slice(0, 3));
  expect(names).toEqual([
    ["principal", "fingerprint", "user"],
    ["fingerprint", "user", "call"],
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

it("numbers calls as observers do, and escapes what the caller chose", async () => {
  const { audit, observer } = await open();
  observer.callEnded?.(call({ call: 7 }));
  observer.callEnded?.(call({ call: 8, method: "GET /\u001b[31m", status: "NOT_FOUND" }));
  expect(audit.lines.map(({ level, fields }) => [level, fields["call"], fields["method"]])).toEqual([
    ["info", 7, "GET /notes"],
    ["warn", 8, String.raw`GET /\u{1b}[31m`],
  ]);
  expect(audit.lines[0]?.fields["ms"]).toBe(1.3);
});

it("has the reason of a call that failed: the text that its caller got, not what the handler threw", async () => {
  const { audit, observer } = await open();
  const details = { reference: "1a2b3c4d", stack: "SECRET" };
  observer.callEnded?.(call({ status: "CONFLICT", error: new RpcError("CONFLICT", "the note\nexists already") }));
  observer.callEnded?.(call({ status: "INTERNAL", error: new RpcError("INTERNAL", "SECRET", { details }) }));
  expect(audit.lines.map(({ fields }) => fields["reason"])).toEqual([
    String.raw`the note\u{a}exists already`,
    "the handler failed; the server's log has the reason under 1a2b3c4d",
  ]);
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

// /dev/full fails every write as a full disk does; not every system has it.
describe.skipIf(!existsSync("/dev/full"))("an audit log on a full disk", () => {
  it("counts the lines beyond 16 MiB, and has their number when there is space again", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    const home = await mkdtemp(join(tmpdir(), "sshrpc-audit-"));
    const file = join(home, "audit.log");
    symlinkSync("/dev/full", file);
    const log = new TestLog();
    let lost = 0;
    const { observer, close } = await openAuditLog({ audit: { file } }, log, (count) => {
      lost += count;
    });
    onTestFinished(async () => {
      await close();
      await rm(home, { recursive: true });
    });
    const messages = () => log.lines.map(({ level, message }) => `${level}: ${message}`);
    const full = "error: the audit log cannot be written: lines wait";
    const losing = "error: the audit log loses lines: too many wait to be written";
    let count = 0;
    while (messages().at(-1) !== losing && count < 200_000) {
      count += 1;
      observer.connectionRefused?.({ address: "x".repeat(900), reason: "a test" });
      if (count === 1) await until("the report", () => messages().length > 0);
    }
    for (let more = 0; more < 4; more++) observer.connectionRefused?.({ address: "x".repeat(900), reason: "a test" });
    expect(messages()).toEqual([full, losing]);
    expect(lost).toBe(5);
    await rm(file);
    vi.advanceTimersByTime(5000);
    await until("the recovery", () => messages().length === 3);
    expect(log.lines[2]).toEqual({
      level: "warn",
      message: "the audit log can be written again",
      fields: { lost: 5 },
    });
    await close();
    const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
    expect(lines).toHaveLength(count);
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ level: "warn", lost: 5, msg: "lines were lost" });
  });
});
