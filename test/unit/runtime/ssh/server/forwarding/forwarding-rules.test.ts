import { describe, expect, it } from "vitest";
import { forwardingRules } from "../../../../../../runtime/src/ssh/server/forwarding/forwarding-rules.js";
import {
  parseHostPortPattern,
  permitsListen,
  permitsOpen,
} from "../../../../../../runtime/src/ssh/server/forwarding/host-port-pattern.js";
import { bindAddress } from "../../../../../../runtime/src/ssh/server/forwarding/listen-for-peer.js";

const ALICE = { user: "alice", scopes: ["*"] };

it("denies everything by default, and limits everything", async () => {
  const { openTcp, openUnix, listenTcp, listenUnix, ...rest } = forwardingRules();
  expect(rest).toEqual({ gatewayPorts: false, maxForwarded: 64, maxListeners: 8, timeout: 10_000 });
  const direct = { host: "127.0.0.1", port: 80, originHost: "127.0.0.1", originPort: 1 };
  expect(openTcp(direct, ALICE)).toBe(false);
  expect(openUnix({ path: "/run/x" }, ALICE)).toBe(false);
  expect(listenTcp({ host: "127.0.0.1", port: 0 }, ALICE)).toBe(false);
  expect(listenUnix({ path: "/run/x" }, ALICE)).toBe(false);
});

it("permits only listed targets, and none to keys without port forwarding", () => {
  const path = `/run/${"x".repeat(98)}`;
  const { openTcp, openUnix, listenTcp, listenUnix } = forwardingRules({
    permitOpen: ["edge:80"],
    permitOpenUnix: [path],
    permitListen: ["edge:80"],
    permitListenUnix: [path],
  });
  const restricted = { ...ALICE, permissions: { pty: true, portForwarding: false } };
  for (const [host, port, isAllowed] of [
    ["edge", 80, true],
    ["xedge", 80, false],
    ["edgex", 80, false],
    ["edge", 8080, false],
  ] as const) {
    expect(openTcp({ host, port, originHost: "", originPort: 1 }, ALICE)).toBe(isAllowed);
    expect(listenTcp({ host, port }, ALICE)).toBe(isAllowed);
    expect(openTcp({ host, port, originHost: "", originPort: 1 }, restricted)).toBe(false);
    expect(listenTcp({ host, port }, restricted)).toBe(false);
  }
  for (const rule of [openUnix, listenUnix]) {
    expect([rule({ path }, ALICE), rule({ path: `${path}x` }, ALICE), rule({ path }, restricted)]).toEqual([
      true,
      false,
      false,
    ]);
  }
  const tooLong = { permitOpenUnix: [`${path}x`] };
  expect(() => forwardingRules(tooLong)).toThrow("it takes normalized absolute paths of at most 103 bytes");
});

const open = (text: string) => parseHostPortPattern(text, { port: false });
const listen = (text: string) => parseHostPortPattern(text, { port: true });

describe("parseHostPortPattern", () => {
  it("parses names, addresses in brackets, and wildcards", () => {
    expect(open("Db.internal:5432")).toEqual({ host: "db.internal", port: 5432 });
    expect(open("[::1]:22")).toEqual({ host: "::1", port: 22 });
    expect(open("*:*")).toEqual({ host: "*", port: null });
    expect(listen("8080")).toEqual({ host: "*", port: 8080 });
    expect(listen("*")).toEqual({ host: "*", port: null });
  });

  it.each([
    "",
    "host",
    ":22",
    "host:",
    "host:x",
    "::1:22",
    "[::1]",
    "host:65536",
    "host:22 ",
    "a:b:22",
    "8080",
    "10.0.0.5/8:22",
    "[x]:22",
  ])("rejects %j", (text) => {
    expect(() => open(text)).toThrow(`"${text}"`);
  });
});

describe("permitsOpen and permitsListen", () => {
  it("compare the host exactly for connections, and as a wildcard pattern for listeners", () => {
    expect(permitsOpen(open("db:5432"), "DB", 5432)).toBe(true);
    expect(permitsOpen(open("db:5432"), "db", 5433)).toBe(false);
    expect(permitsOpen(open("*.db:*"), "a.db", 1)).toBe(false);
    expect(permitsOpen(open("*:22"), "anything", 22)).toBe(true);
    expect(permitsListen(listen("local*:80"), "localhost", 80)).toBe(true);
    expect(permitsListen(listen("local*:80"), "127.0.0.1", 80)).toBe(false);
    expect(permitsListen(listen("*:*"), "", 0)).toBe(true);
  });
});

it.each([
  ["", "127.0.0.1", "::"],
  ["*", "127.0.0.1", "::"],
  ["localhost", "127.0.0.1", "127.0.0.1"],
  ["127.0.0.1", "127.0.0.1", "127.0.0.1"],
  ["::1", "::1", "::1"],
  ["0.0.0.0", "127.0.0.1", "0.0.0.0"],
  ["192.0.2.1", "127.0.0.1", "192.0.2.1"],
])("for a peer that requests %j binds %s, and with gatewayPorts %s", (host, loopback, gateway) => {
  expect(bindAddress({ host, gatewayPorts: false })).toBe(loopback);
  expect(bindAddress({ host, gatewayPorts: true })).toBe(gateway);
});
