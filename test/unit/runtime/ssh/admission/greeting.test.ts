import { expect, it } from "vitest";
import { greetingSize } from "../../../../../runtime/src/ssh/admission/greeting.js";

const size = (text: string) => greetingSize(Buffer.from(text, "latin1"));

it("knows an SSH client by its first line, in however many pieces it comes", () => {
  const line = "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n";
  for (let length = 0; length < line.length; length++) expect(size(line.slice(0, length))).toBeUndefined();
  expect(size(line)).toBe(line.length);
  expect(size(`${line}more`)).toBe(line.length);
  expect(size("SSH-2.0-x\n")).toBe(10);
  expect(size("SSH-1.99-old\r\n")).toBe(14);
});

it.each([
  ["GET / HTTP/1.1\r\n", /^it is no SSH client: it says "GET \/ HTTP\/1.1"$/],
  ["\x16\x03\x01", /^it is no SSH client: it says "\\u\{16\}/],
  ["\n", /no SSH client/],
  ["PROXY TCP4 192.0.2.7 10.0.0.1 1 2\r\n", /^it sends a PROXY protocol header, and is not among proxyProtocol$/],
  ["SSH-1.5-old\r\n", /speaks no SSH that we do/],
  ["SSH-2.0-\r\n", /speaks no SSH that we do/],
  ["SSH-2.0-a\rb\r\n", /speaks no SSH that we do/],
  [`SSH-2.0-${"x".repeat(255)}`, /first line has no end/],
])("refuses %j", (text, reason) => {
  expect(() => size(text)).toThrow(reason);
});
