import { expect, it, onTestFinished, vi } from "vitest";
import type { CallEnded } from "../../../../runtime/src/base/observer/observer.js";
import type { Peer } from "../../../../runtime/src/base/peer.js";
import { openAuditLog } from "../../../../runtime/src/observe/audit-log.js";
import { logObserver } from "../../../../runtime/src/observe/log-observer.js";
import { TestLog } from "../support/server.js";

const ALICE: Peer = { user: "alice", fingerprint: "SHA256:a", connectionId: "c1", address: "192.0.2.7:1", scopes: [] };
const BOB: Peer = { user: "bob", fingerprint: "SHA256:b", connectionId: "c2", address: "192.0.2.8:1", scopes: [] };

const refused = (more: Partial<CallEnded> = {}): CallEnded => ({
  call: 1,
  side: "server",
  peer: ALICE,
  method: "GET /notes",
  status: "FORBIDDEN",
  milliseconds: 0,
  bytesIn: 1,
  bytesOut: 2,
  itemsIn: 0,
  itemsOut: 0,
  refused: true,
  ...more,
});

it("sums up the refused calls of a key in the audit log, complete in numbers", async () => {
  const audit = new TestLog();
  const { observer, close } = await openAuditLog({ audit }, new TestLog());
  for (let call = 0; call < 1000; call++) observer.callEnded?.(refused());
  for (let call = 0; call < 7; call++) observer.callEnded?.(refused({ status: "NOT_FOUND", method: "GET /x" }));
  // The same key on another connection, under another user name.
  observer.callEnded?.(refused({ peer: { ...ALICE, user: "root", connectionId: "c3" } }));
  observer.callEnded?.(refused({ peer: BOB }));
  await close();
  const lines = audit.lines.filter(({ fields }) => fields["user"] !== "bob");
  expect(lines.filter(({ message }) => message === "call")).toHaveLength(20);
  expect(lines.slice(20)).toEqual([
    {
      level: "warn",
      message: "more refusals of this key",
      fields: {
        fingerprint: "SHA256:a",
        user: "root",
        omitted: 988,
        refusals: { "FORBIDDEN GET /notes": 981, "NOT_FOUND GET /x": 7 },
      },
    },
  ]);
  expect(audit.lines.filter(({ fields }) => fields["user"] === "bob")).toHaveLength(1);
});

it("writes a line for each call that reached its handler, with any status", async () => {
  const audit = new TestLog();
  const { observer } = await openAuditLog({ audit }, new TestLog());
  for (let call = 0; call < 100; call++) {
    observer.callEnded?.(refused());
    observer.callEnded?.(refused({ refused: undefined }));
    observer.callEnded?.(refused({ refused: undefined, status: "OK" }));
  }
  expect(audit.lines).toHaveLength(220);
});

it("begins anew after ten seconds, and writes the numbers then", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const audit = new TestLog();
  const { observer } = await openAuditLog({ audit, refusalLines: 2 }, new TestLog());
  const messages = () => audit.lines.map(({ message }) => message);
  for (let call = 0; call < 5; call++) observer.callEnded?.(refused());
  vi.advanceTimersByTime(9_999);
  expect(messages()).toEqual(["call", "call"]);
  vi.advanceTimersByTime(1);
  observer.callEnded?.(refused());
  expect(messages()).toEqual(["call", "call", "more refusals of this key", "call"]);
});

it("bounds the kinds that it counts one by one, and escapes their names", async () => {
  const audit = new TestLog();
  const { observer, close } = await openAuditLog({ audit, refusalLines: 1 }, new TestLog());
  for (let call = 0; call < 100; call++)
    observer.callEnded?.(refused({ status: "NOT_FOUND", method: `GET /\n${call}${"x".repeat(5000)}` }));
  await close();
  const counts = Object.entries(audit.lines.at(-1)?.fields["refusals"] as Record<string, number>);
  expect(counts).toHaveLength(21);
  expect(counts.at(-1)).toEqual(["others", 79]);
  for (const [name] of counts) expect(name).toMatch(/^(NOT_FOUND GET \/\\u\{a\}.{1,130}|others)$/);
});

it("sums up refused sessions, forwardings and channels in the log and in the audit log", async () => {
  const [log, audit] = [new TestLog(), new TestLog()];
  const lines = logObserver(log, 3);
  const audited = await openAuditLog({ audit, refusalLines: 3 }, new TestLog());
  const about = { connectionId: "c1", address: ALICE.address, peer: ALICE };
  for (const observer of [lines.observer, audited.observer])
    for (let count = 0; count < 10; count++) {
      observer.sessionRefused?.({ ...about, kind: "shell", transport: "ssh", reason: "shells are not served" });
      observer.forwardRefused?.({ ...about, kind: "direct-tcpip", to: `localhost:${count}`, reason: "denied" });
      observer.diagnostic?.({ ...about, level: "info", message: "channel refused" });
    }
  lines.flush();
  await audited.close();
  for (const { lines } of [log, audit]) {
    expect(lines).toHaveLength(4);
    expect(lines[3]).toMatchObject({
      message: "more refusals of this key",
      fields: {
        omitted: 27,
        refusals: { "session shell": 9, "forwarding direct-tcpip": 9, "channel refused": 9 },
      },
    });
  }
});

it("sums up the other lines that a key can cause at will: of connections, forwarding and stuck handlers", async () => {
  const audit = new TestLog();
  const { observer, close } = await openAuditLog({ audit }, new TestLog());
  const event = { connectionId: "c1", address: "192.0.2.7:1", peer: ALICE };
  const forward = { ...event, kind: "direct-tcpip" } as const;
  for (let count = 0; count < 1000; count++) {
    observer.connectionAdmitted?.({ address: "192.0.2.7:1", isReturning: false });
    observer.authenticated?.(event);
    observer.connectionClosed?.({ ...event, milliseconds: 1, bytesIn: 1, bytesOut: 1 });
    observer.forwardClosed?.({ ...forward, milliseconds: 1, bytesIn: 1, bytesOut: 1 });
    observer.listenerOpened?.({ ...forward, port: 1 });
    observer.connectionDenied?.({ ...event, reason: "too many" });
    observer.handlerStuck?.({ ...event, method: "GET /it", stuck: 1 });
    observer.diagnostic?.({ ...event, level: "info", message: "korv channel ended" });
    observer.diagnostic?.({ ...event, level: "error", message: "a forwarded connection could not be served" });
  }
  await close();
  const numbers = audit.lines.map(({ fields }) => fields["lines"] ?? fields["refusals"]).filter(Boolean);
  // 200 of the address, 200 about connections of the key, and 20 refusals.
  expect(audit.lines).toHaveLength(420 + numbers.length);
  expect(audit.lines.filter(({ message }) => message === "more lines about connections")).toHaveLength(2);
  expect(numbers).toEqual([
    {
      connection: 995,
      "stuck GET /it": 995,
      "korv channel ended": 995,
      "a forwarded connection could not be served": 995,
    },
    { connection: 800 },
    {
      authenticated: 950,
      "SSH connection closed": 950,
      "forwarded connection ended: direct-tcpip": 950,
      "listening for a peer: direct-tcpip": 950,
    },
  ]);
});
