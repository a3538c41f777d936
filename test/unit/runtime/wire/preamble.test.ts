import { expect, test } from "vitest";
import { ProtocolError } from "../../../../runtime/src/wire/frame.js";
import { PREAMBLE, PreambleScanner } from "../../../../runtime/src/wire/preamble.js";

const LIMIT = 1000;
const rest = Buffer.from("frames");
const greetings = [
  Buffer.alloc(0),
  Buffer.from("Last login: Mon\r\nWelcome to edge\n"),
  Buffer.from("\0sshrp and \0\0sshr, which are not a preamble"),
  Buffer.alloc(LIMIT, "x"),
];

function scan(bytes: Buffer, size: number): Buffer | undefined {
  const scanner = new PreambleScanner(LIMIT);
  for (let at = 0; at < bytes.length; at += size) {
    const found = scanner.push(bytes.subarray(at, at + size));
    if (found !== undefined) return Buffer.concat([found, bytes.subarray(at + size)]);
  }
  return undefined;
}

test.each(greetings.map((greeting) => [greeting.length, greeting] as const))(
  "finds the preamble after %i other bytes, however the chunks are cut",
  (_, greeting) => {
    const bytes = Buffer.concat([greeting, PREAMBLE, rest]);
    for (const size of [1, 2, 3, 7, 8, 9, 100, bytes.length]) expect(scan(bytes, size)?.toString()).toBe("frames");
  },
);

test("finds the preamble at every split point", () => {
  const bytes = Buffer.concat([Buffer.from("motd\n"), PREAMBLE, rest]);
  for (let at = 1; at < bytes.length; at++) {
    const scanner = new PreambleScanner(LIMIT);
    const first = scanner.push(bytes.subarray(0, at));
    const found = first === undefined ? scanner.push(bytes.subarray(at)) : Buffer.concat([first, bytes.subarray(at)]);
    expect(found?.toString()).toBe("frames");
  }
});

test("returns an empty rest where no frame has followed yet", () => {
  expect(new PreambleScanner(LIMIT).push(PREAMBLE)).toHaveLength(0);
});

test.each([1, 50, 5000])("rejects endless other bytes at the limit, in chunks of %i bytes, and quotes them", (size) => {
  const scanner = new PreambleScanner(LIMIT);
  let pushed = 0;
  const push = (): void => {
    for (; pushed < 10_000; pushed += size) scanner.push(Buffer.alloc(size, "HTTP/1.1 400 "));
  };
  expect(push).toThrow(ProtocolError);
  expect(pushed).toBeLessThanOrEqual(LIMIT + 50);
  expect(scanner.received()).toMatch(/^"H/);
});

test("rejects a preamble after one byte too many", () => {
  const bytes = Buffer.concat([Buffer.alloc(LIMIT + 1, "x"), PREAMBLE]);
  expect(() => scan(bytes, bytes.length)).toThrow(`no sshrpc preamble in the first ${LIMIT} bytes`);
  expect(() => scan(bytes, 1)).toThrow(`no sshrpc preamble in the first ${LIMIT} bytes`);
});

test("rejects another version, and names both", () => {
  const bytes = Buffer.from(PREAMBLE);
  bytes[7] = 2;
  expect(() => scan(bytes, 8)).toThrow("unsupported wire version 2; this side supports 1");
});

test("quotes the received bytes without control characters", () => {
  const scanner = new PreambleScanner(LIMIT);
  scanner.push(Buffer.from("\x1b[31mred\r\n"));
  expect(scanner.received()).toBe('"\\u001b[31mred\\r\\n"');
});
