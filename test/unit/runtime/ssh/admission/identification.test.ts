import { expect, it } from "vitest";
import { identificationSize } from "../../../../../runtime/src/ssh/admission/identification.js";

const size = (text: string) => identificationSize(Buffer.from(text, "latin1"));

it("recognizes the identification string of an SSH client, also while it is incomplete", () => {
  const line = "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n";
  for (let length = 0; length < line.length; length++) expect(size(line.slice(0, length))).toBeUndefined();
  expect(size(line)).toBe(line.length);
  expect(size(`${line}more`)).toBe(line.length);
  expect(size("SSH-2.0-x\n")).toBe(10);
  expect(size("SSH-1.99-old\r\n")).toBe(14);
});

it.each([
  ["GET / HTTP/1.1\r\n", /^not an SSH client: received "GET \/ HTTP\/1.1"$/],
  ["\x16\x03\x01", /^not an SSH client: received "\\u\{16\}/],
  ["\n", /not an SSH client/],
  ["PROXY TCP4 192.0.2.7 10.0.0.1 1 2\r\n", /^PROXY protocol header from a source that proxyProtocol does not list$/],
  ["SSH-1.5-old\r\n", /^unsupported identification string: received "SSH-/],
  ["SSH-2.0-\r\n", /^unsupported identification string: received "SSH-/],
  ["SSH-2.0-a\rb\r\n", /^unsupported identification string: received "SSH-/],
  [`SSH-2.0-${"x".repeat(255)}`, /^identification string without an end of line in 255 bytes$/],
])("rejects %j", (text, reason) => {
  expect(() => size(text)).toThrow(reason);
});
