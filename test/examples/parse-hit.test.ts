import { describe, expect, test } from "vitest";
import { parseHit } from "../../examples/lib/parse-hit.js";

const COMMON = '192.0.2.7 - - [31/Jan/2026:12:00:00 +0100] "GET /a HTTP/1.1" 200 512';

describe("a line of an access log", () => {
  test("in the combined format has all fields", () => {
    expect(parseHit(`${COMMON} "https://example.org/?q=\\"x\\"" "curl/8"`)).toEqual({
      host: "192.0.2.7",
      time: "2026-01-31T12:00:00+01:00",
      method: "GET",
      resource: "/a",
      status: 200,
      bytes: 512,
      referrer: 'https://example.org/?q="x"',
      agent: "curl/8",
    });
  });

  test("in the common format has neither referrer nor user agent", () => {
    expect(parseHit(COMMON)).toMatchObject({ status: 200, referrer: null, agent: null });
  });

  test.each([
    [
      "a user with blanks",
      '::1 - Ada L [01/Dec/2025:00:00:00 -0330] "GET / HTTP/2.0" 304 -',
      { host: "::1", bytes: null },
    ],
    ["no referrer", `${COMMON} "-" "-"`, { referrer: null, agent: null }],
    ["a request of -", '192.0.2.7 - - [31/Jan/2026:12:00:00 +0000] "-" 408 0', { method: "-", resource: "-" }],
    ["a request without protocol", COMMON.replace(" HTTP/1.1", ""), { method: "GET", resource: "/a" }],
    ["a resource with blanks", COMMON.replace("/a", "/a b"), { resource: "/a b" }],
    ["escapes that stand for control characters", COMMON.replace("/a", "/\\x1b[2J"), { resource: "/\\x1b[2J" }],
    ["more at its end", `${COMMON} "-" "-" 0.003 upstream`, { status: 200 }],
  ])("may have %s", (_, line, part) => {
    expect(parseHit(line)).toMatchObject(part);
  });

  test.each([
    ["no text", ""],
    ["other text", "restarting"],
    ["its first half only", COMMON.slice(0, 50)],
    ["a month that does not exist", COMMON.replace("Jan", "Jam")],
    ["a day that does not exist", COMMON.replace("31/Jan", "31/Feb")],
    ["an hour that does not exist", COMMON.replace("12:00", "24:00")],
    ["a second that does not exist", COMMON.replace("12:00:00", "12:00:61")],
    ["a zone that does not exist", COMMON.replace("+0100", "+2500")],
    ["a quote that does not end", COMMON.replace('1.1"', "1.1")],
  ])("is rejected with %s", (_, line) => {
    expect(parseHit(line)).toBeUndefined();
  });

  test("is parsed in linear time, even a malformed one", () => {
    for (const odd of ["[", '"', "\\", " ", 'x " [']) {
      expect(parseHit(`192.0.2.7 - ${odd.repeat(60_000 / odd.length)}`)).toBeUndefined();
      expect(parseHit(`${COMMON.slice(0, 50)}${odd.repeat(60_000 / odd.length)}`)).toBeUndefined();
    }
  });
});
