import { describe, expect, it } from "vitest";
import { formatHostPort, hostOf, readPort, splitHostPort } from "../../../../../runtime/src/base/net/host-port.js";

describe("splitHostPort", () => {
  it.each([
    ["edge", "edge", false, undefined],
    ["edge:22", "edge", false, "22"],
    ["edge:*", "edge", false, "*"],
    [":22", "", false, "22"],
    ["edge:", "edge", false, ""],
    ["a:b:22", "a", false, "b:22"],
    ["::1", "::1", false, undefined],
    ["::1:22", "::1:22", false, undefined],
    ["[::1]", "::1", true, undefined],
    ["[::1]:22", "::1", true, "22"],
    ["[edge]:22\n", "edge", true, "22\n"],
  ])("splits %j", (text, host, isBracketed, port) => {
    expect(splitHostPort(text)).toEqual({ host, isBracketed, port });
  });

  it.each(["[::1", "[[::1]]:22", "[::1]x"])("rejects unbalanced brackets in %j", (text) => {
    expect(splitHostPort(text)).toBeUndefined();
  });
});

it("reads a decimal port within its bounds", () => {
  expect(["0", "22", "65535"].map((text) => readPort(text))).toEqual([0, 22, 65_535]);
  expect(
    [undefined, "", "65536", "-1", "2x", " 22", "1e3", "08022", "022", "00"].map((text) => readPort(text)),
  ).toEqual(Array(10).fill(undefined));
  expect(readPort("0", 1)).toBeUndefined();
});

it("formats an IPv6 address in brackets, and reads its host again", () => {
  expect(formatHostPort("edge", 22)).toBe("edge:22");
  expect(formatHostPort("::1", 22)).toBe("[::1]:22");
  expect(formatHostPort("::1")).toBe("[::1]");
  expect(formatHostPort("edge")).toBe("edge");
  for (const host of ["192.0.2.7", "2001:db8::7", "edge"]) {
    expect([hostOf(host), hostOf(formatHostPort(host)), hostOf(formatHostPort(host, 50_122))]).toEqual([
      host,
      host,
      host,
    ]);
  }
});
