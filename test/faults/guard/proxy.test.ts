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

test("a health check of a load balancer is accepted under its own address", async () => {
  const bench = await startBench(TRUSTED);
  const port = await proxyTo(() => bench.listener.port, "PROXY UNKNOWN\r\n");
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

test("a load balancer without a header, or with a malformed one, is refused", async () => {
  const bench = await startBench(TRUSTED);
  await failure(bench.dial());
  await endedFor(bench, /^PROXY protocol header missing$/);
  const socket = await rawSocket(bench);
  socket.write("PROXY TCP4 nonsense\r\nSSH-2.0-x\r\n");
  await within("the end", socket.gone);
  await endedFor(bench, /^malformed PROXY protocol header$/);
});

test("a header that arrives byte by byte is accepted", async () => {
  const bench = await startBench(TRUSTED);
  const socket = await rawSocket(bench);
  for (const byte of "PROXY TCP4 192.0.2.7 10.0.0.1 50122 22\r\nSSH-2.0-x\r\n") {
    socket.write(byte);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await expect
    .poll(() => bench.log.with("connection from a new address")[0]?.fields["address"])
    .toBe("192.0.2.7:50122");
});
