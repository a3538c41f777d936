import { expect, it } from "vitest";
import { forwardingRules } from "../../../../../../runtime/src/ssh/server/forwarding/forwarding-rules.js";

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
