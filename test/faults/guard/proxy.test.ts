import { connect } from "node:net";
import { expect, test } from "vitest";
import { proxyHeaderV2 } from "../../unit/runtime/ssh/admission/support.js";
import { failure, startBench, startTcp } from "../../unit/runtime/ssh/support.js";
import { within } from "../../unit/runtime/support/wait.js";
import { endedFor, rawSocket } from "./support.js";

const TRUSTED = { proxyProtocol: ["127.0.0.0/8"] };

/** A load balancer that sends a header before each connection. */
function proxyTo(port: () => number, header: Buffer | string): Promise<number> {
  return startTcp((socket) => {
    const onward = connect(port(), "127.0.0.1");
    onward.on("error", () => {}).on("close", () => socket.destroy());
    socket.on("close", () => onward.destroy());
    onward.write(header);
    socket.pipe(onward).pipe(socket);
  });
}

test.each([
  ["1", "PROXY TCP4 192.0.2.7 10.0.0.1 50122 22\r\n", "192.0.2.7:50122"],
  ["1 over IPv6", "PROXY TCP6 2001:db8::7 ::1 50122 22\r\n", "[2001:db8::7]:50122"],
  ["2", proxyHeaderV2({ family: 0x11, addresses: [192, 0, 2, 7, 10, 0, 0, 1, 0xc3, 0xca, 0, 22] }), "192.0.2.7:50122"],
  [
    "2 over IPv6 with an extension",
    proxyHeaderV2({
      family: 0x21,
      addresses: [
        ...Buffer.from("20010db8000000000000000000000007", "hex"),
        ...[...Array(16).fill(0), 0, 1, 0, 22],
        ...[0x04, 0, 3, 1, 2, 3],
      ],
    }),
    "[2001:db8::7]:1",
  ],
  [
    "2 with an IPv4-mapped address",
    proxyHeaderV2({
      family: 0x21,
      addresses: [...Array(10).fill(0), 255, 255, 192, 0, 2, 7, ...Array(16).fill(0), 0xc3, 0xca, 0, 22],
    }),
    "192.0.2.7:50122",
  ],
])(
  "the peer, the log and the limits have the client's address from a header of version %s",
  async (_, header, address) => {
    const bench = await startBench({ ...TRUSTED, perSource: { address: 1 }, penalties: false });
    const port = await proxyTo(() => bench.listener.port, header);
    await bench.dialThrough(port);
    expect(bench.accepted[0]?.peer.address).toBe(address);
    expect(bench.log.with("connection from a new address")[0]?.fields).toEqual({ address });
    await failure(bench.dialThrough(port));
    await endedFor(bench, / has 1 open connections \(perSource\.address\)$/);
  },
);

test.each([
  ["of version 1", "PROXY UNKNOWN\r\n"],
  ["of version 1 with addresses", "PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"],
  ["of version 2", proxyHeaderV2({ command: 0, family: 0, addresses: [] })],
])("a health check %s of a load balancer is accepted under its own address", async (_, header) => {
  const bench = await startBench(TRUSTED);
  const port = await proxyTo(() => bench.listener.port, header);
  await bench.dialThrough(port);
  expect(bench.accepted[0]?.peer.address).toMatch(/^127\.0\.0\.1:/);
});

test("a header from a source that is not trusted ends the connection", async () => {
  const bench = await startBench({ proxyProtocol: ["192.0.2.0/24"] });
  const port = await proxyTo(() => bench.listener.port, "PROXY TCP4 10.0.0.1 10.0.0.2 1 22\r\n");
  await failure(bench.dialThrough(port));
  await endedFor(bench, /^PROXY protocol header from a source that proxyProtocol does not list$/);
  await bench.dial();
});

test("a client without a header is refused", async () => {
  const bench = await startBench(TRUSTED);
  await failure(bench.dial());
  await endedFor(bench, /^PROXY protocol header missing$/);
});

const V4 = [192, 0, 2, 7, 10, 0, 0, 1, 0, 1, 0, 22];
test.each<[string, string | Buffer, RegExp]>([
  ["SSH", "SSH-2.0-OpenSSH_9.2\r\n", /^PROXY protocol header missing$/],
  ["HTTP", "GET / HTTP/1.1\r\n", /^PROXY protocol header missing$/],
  ["nonsense", "PROXY TCP4 nonsense\r\nSSH-2.0-x\r\n", /^malformed PROXY protocol header$/],
  ["a missing port", "PROXY TCP4 192.0.2.7 10.0.0.1 50122\r\n", /^malformed/],
  ["an invalid address", "PROXY TCP4 192.0.2.999 10.0.0.1 1 2\r\n", /^malformed/],
  ["an address of another family", "PROXY TCP4 2001:db8::7 ::1 1 2\r\n", /^malformed/],
  ["an invalid port", "PROXY TCP4 192.0.2.7 10.0.0.1 65536 2\r\n", /^malformed/],
  ["UDP", "PROXY UDP4 192.0.2.7 10.0.0.1 1 2\r\n", /^malformed/],
  ["another number", "PROXY TCP4 192.0.2.7 10.0.0.1 1 2 3\r\n", /^malformed/],
  ["a line without end", `PROXY ${"x".repeat(107)}`, /^PROXY protocol header without an end of line in 107 bytes$/],
  [
    "UDP in version 2",
    proxyHeaderV2({ family: 0x12, addresses: V4 }),
    /^PROXY protocol header for a transport other than TCP$/,
  ],
  [
    "a UNIX socket in version 2",
    proxyHeaderV2({ family: 0x31, addresses: V4 }),
    /^PROXY protocol header for a transport other than TCP$/,
  ],
  ["short addresses in version 2", proxyHeaderV2({ family: 0x21, addresses: V4 }), /too short/],
  ["an unknown command in version 2", proxyHeaderV2({ command: 2, family: 0x11, addresses: V4 }), /unknown command/],
  ["version 3", proxyHeaderV2({ version: 3, family: 0x11, addresses: V4 }), /unknown version/],
  [
    "2,049 bytes",
    proxyHeaderV2({ family: 0x11, addresses: Array(2049).fill(0) }).subarray(0, 16),
    /^PROXY protocol header of 2049 bytes exceeds the limit of 2048 bytes$/,
  ],
])("a load balancer whose header has %s is refused", async (_, header, reason) => {
  const bench = await startBench(TRUSTED);
  const socket = await rawSocket(bench);
  socket.write(typeof header === "string" ? Buffer.from(header, "latin1") : header);
  await within("the end", socket.gone);
  await endedFor(bench, reason);
  expect(bench.accepted).toEqual([]);
});

test.each([
  ["1", Buffer.from("PROXY TCP4 192.0.2.7 10.0.0.1 50122 22\r\n")],
  ["2", proxyHeaderV2({ family: 0x11, addresses: [192, 0, 2, 7, 10, 0, 0, 1, 0xc3, 0xca, 0, 22] })],
])("a header of version %s that arrives byte by byte is accepted", async (_, header) => {
  const bench = await startBench(TRUSTED);
  const socket = await rawSocket(bench);
  for (const byte of Buffer.concat([header, Buffer.from("SSH-2.0-x\r\n")])) {
    socket.write(Buffer.of(byte));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await expect
    .poll(() => bench.log.with("connection from a new address")[0]?.fields["address"])
    .toBe("192.0.2.7:50122");
});
