import { describe, expect, it } from "vitest";
import { identificationSize } from "../../../../../runtime/src/ssh/admission/identification.js";
import { readProxyHeader } from "../../../../../runtime/src/ssh/admission/proxy-header.js";
import { proxyHeaderV2 } from "./support.js";

describe("the identification string", () => {
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
});

describe("the PROXY protocol header", () => {
  const read = (text: string) => readProxyHeader(Buffer.from(text, "latin1"));

  it("reads version 1", () => {
    expect(read("PROXY TCP4 192.0.2.7 10.0.0.1 50122 22\r\nSSH-2.0-x")).toEqual({
      client: { address: "192.0.2.7", port: 50122 },
      size: 40,
    });
    expect(read("PROXY TCP6 2001:db8::7 ::1 1 22\r\n")?.client).toEqual({ address: "2001:db8::7", port: 1 });
    expect(read("PROXY UNKNOWN\r\n")).toEqual({ client: undefined, size: 15 });
    expect(read("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n")?.client).toBeUndefined();
  });

  it("reads version 2, and skips its extensions", () => {
    const v4 = proxyHeaderV2({ family: 0x11, addresses: [192, 0, 2, 7, 10, 0, 0, 1, 0xc3, 0xca, 0, 22] });
    expect(readProxyHeader(v4)).toEqual({ client: { address: "192.0.2.7", port: 50122 }, size: 28 });
    const [from, to] = [Buffer.from("20010db8000000000000000000000007", "hex"), Buffer.alloc(16)];
    const v6 = proxyHeaderV2({ family: 0x21, addresses: [...from, ...to, 0, 1, 0, 22, 0x04, 0, 3, 1, 2, 3] });
    expect(readProxyHeader(v6)).toEqual({ client: { address: "2001:db8::7", port: 1 }, size: 58 });
    expect(readProxyHeader(proxyHeaderV2({ command: 0, family: 0, addresses: [] }))).toEqual({
      client: undefined,
      size: 16,
    });
  });

  it("waits for the rest of an incomplete header", () => {
    const text = Buffer.from("PROXY TCP4 192.0.2.7 10.0.0.1 50122 22\r\n", "latin1");
    const binary = proxyHeaderV2({ family: 0x11, addresses: [192, 0, 2, 7, 10, 0, 0, 1, 0, 1, 0, 22] });
    for (const header of [text, binary]) {
      for (let size = 0; size < header.length; size++) {
        expect(readProxyHeader(header.subarray(0, size))).toBeUndefined();
      }
      expect(readProxyHeader(header)?.size).toBe(header.length);
    }
  });

  it.each([
    ["SSH-2.0-OpenSSH_9.2\r\n", /^PROXY protocol header missing$/],
    ["GET / HTTP/1.1\r\n", /^PROXY protocol header missing$/],
    ["PROXY TCP4 192.0.2.7 10.0.0.1 50122\r\n", /malformed/],
    ["PROXY TCP4 192.0.2.999 10.0.0.1 1 2\r\n", /malformed/],
    ["PROXY TCP4 2001:db8::7 ::1 1 2\r\n", /malformed/],
    ["PROXY TCP4 192.0.2.7 10.0.0.1 65536 2\r\n", /malformed/],
    ["PROXY UDP4 192.0.2.7 10.0.0.1 1 2\r\n", /malformed/],
    ["PROXY TCP4 192.0.2.7 10.0.0.1 1 2 3\r\n", /malformed/],
    [`PROXY ${"x".repeat(107)}`, /^PROXY protocol header without an end of line in 107 bytes$/],
  ])("rejects %j", (text, reason) => {
    expect(() => read(text)).toThrow(reason);
  });

  it("rejects transports other than TCP and invalid lengths in version 2", () => {
    const addresses = [192, 0, 2, 7, 10, 0, 0, 1, 0, 1, 0, 22];
    expect(() => readProxyHeader(proxyHeaderV2({ family: 0x12, addresses }))).toThrow(
      /^PROXY protocol header for a transport other than TCP$/,
    );
    expect(() => readProxyHeader(proxyHeaderV2({ family: 0x31, addresses }))).toThrow(
      /^PROXY protocol header for a transport other than TCP$/,
    );
    expect(() => readProxyHeader(proxyHeaderV2({ family: 0x21, addresses }))).toThrow(/too short/);
    expect(() => readProxyHeader(proxyHeaderV2({ command: 2, family: 0x11, addresses }))).toThrow(/unknown command/);
    expect(() => readProxyHeader(proxyHeaderV2({ version: 3, family: 0x11, addresses }))).toThrow(/unknown version/);
    const huge = proxyHeaderV2({ family: 0x11, addresses: Array(2049).fill(0) }).subarray(0, 16);
    expect(() => readProxyHeader(huge)).toThrow(
      /^PROXY protocol header of 2049 bytes exceeds the limit of 2048 bytes$/,
    );
  });
});
