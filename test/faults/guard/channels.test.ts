import type { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { startBench } from "../../unit/runtime/ssh/support.js";
import { until, within } from "../../unit/runtime/support/wait.js";
import { authenticated, endedFor, otherClient, string, uint32 } from "./support.js";

test.each([0, 1, 1023])("a channel with packets of %i bytes is refused; ssh2 would loop forever", async (size) => {
  const bench = await startBench();
  const attacker = await authenticated(bench);
  const reason = `packet size of ${size} bytes is below the minimum of 1024 bytes`;
  const refused = new Promise((resolve) => {
    attacker.protocol._handlers["CHANNEL_OPEN_FAILURE"] = (_: unknown, id: number, code: number, text: string) =>
      resolve({ id, code, text });
  });
  attacker.protocol.session(7, 65_536, size);
  expect(await within("the refusal", refused)).toEqual({ id: 7, code: 4, text: reason });
  expect(bench.log.with("channel refused").map(({ fields }) => fields)).toEqual([
    expect.objectContaining({ user: "alice", reason }),
  ]);
  attacker.protocol.session(0, 65_536, 1024);
  attacker.send(98, uint32(0), string("subsystem"), 0, string("sshrpc"));
  await until("the other channel", () => bench.accepted.length === 1);
});

test("a client that asks for the largest packet size gets packets that every client must accept", async () => {
  const bench = await startBench({}, (duplex) => void duplex.end(Buffer.alloc(1_000_000)));
  const attacker = await authenticated(bench);
  const sizes: number[] = [];
  const done = new Promise<void>((resolve) => {
    attacker.protocol._handlers["CHANNEL_DATA"] = (_: unknown, _id: number, data: Buffer) => {
      sizes.push(data.length);
      if (sizes.reduce((sum, size) => sum + size, 0) === 1_000_000) resolve();
    };
  });
  // Its window is the largest too: TCP backpressure still slows the server.
  attacker.protocol.session(0, 0xffff_ffff, 0xffff_ffff);
  attacker.send(98, uint32(0), string("subsystem"), 0, string("sshrpc"));
  await within("all data", done);
  expect(Math.max(...sizes)).toBe(32_768);
});

test("a client that sends data beyond its window is disconnected, also while the channel is unread", async () => {
  // The channel of the other client, which is the first, echoes; that of the attacker is unread.
  const served: Duplex[] = [];
  const bench = await startBench(
    {},
    (duplex) => void (served.push(duplex) === 1 ? duplex.pipe(duplex) : duplex.pause()),
  );
  const other = await otherClient(bench);
  const attacker = await authenticated(bench);
  const { outgoing } = await attacker.open();
  // A flood of 512 MB, of which no more than the window is accepted.
  const data = Buffer.alloc(32_768);
  let sent = 0;
  for (; sent < 512 * 1024 * 1024 && !attacker.socket.destroyed; sent += data.length) {
    attacker.send(94, uint32(outgoing.id), string(data));
    if (attacker.socket.writableLength > 8_000_000) await new Promise((resolve) => setImmediate(resolve));
  }
  await within("the end", attacker.gone);
  await endedFor(bench, /^32768 bytes of data exceed the window of \d+ bytes$/);
  expect(attacker.socket.bytesWritten - attacker.socket.writableLength).toBeLessThan(64_000_000);
  await until("the end of the channel", () => bench.accepted.at(-1)?.duplex.destroyed);
  await other.stillWorks();
});

test("a window beyond 4294967295 bytes ends the connection", async () => {
  const bench = await startBench();
  const attacker = await authenticated(bench);
  const { outgoing } = await attacker.open();
  attacker.send(93, uint32(outgoing.id), uint32(0xffff_ffff));
  await within("the end", attacker.gone);
  await endedFor(bench, /^window of \d+ bytes exceeds the maximum of 4294967295 bytes$/);
});

test("channels beyond maxChannels are refused, and a client that goes on is disconnected", async () => {
  const bench = await startBench();
  const other = await otherClient(bench);
  const attacker = await authenticated(bench);
  for (let id = 0; id < 10_000; id++) attacker.protocol.session(id, 2 ** 21, 32_768);
  await within("the end", attacker.gone);
  await endedFor(bench, /^more than 1000 requests refused \(maxRefusals\)$/);
  await other.stillWorks();
});

test.each([
  ["global requests", [80, string("nonsense@example.org"), 1]],
  ["channels of unknown kinds", [90, string("nonsense"), uint32(0), uint32(1024), uint32(32_768)]],
])("a flood of refused %s ends its connection", async (_, message) => {
  const bench = await startBench({ maxRefusals: 100 });
  const attacker = await authenticated(bench);
  for (let count = 0; count < 1000; count++) attacker.send(...(message as (number | Buffer)[]));
  await within("the end", attacker.gone);
  await endedFor(bench, /\(maxRefusals\)$/);
});

test("the keepalive rate of common clients is not a flood", async () => {
  const bench = await startBench({ maxRefusals: 2 });
  const attacker = await authenticated(bench);
  for (let round = 0; round < 6; round++) {
    attacker.send(80, string("keepalive@openssh.com"), 1);
    await new Promise((resolve) => setTimeout(resolve, 120));
  }
  await attacker.open();
  expect(bench.accepted).toHaveLength(1);
});

test("a client that never reads its replies is disconnected before they fill the memory", async () => {
  const bench = await startBench({ maxSendBuffer: 1024 * 1024, maxRefusals: 10_000_000, maxRequests: 10_000_000 });
  const other = await otherClient(bench);
  const attacker = await authenticated(bench);
  attacker.socket.pause().removeAllListeners("data");
  const flood = setInterval(() => {
    for (let count = 0; count < 300; count++) attacker.send(80, string("nonsense@example.org"), 1);
  }, 1);
  await endedFor(bench, /^\d+ bytes buffered, and the peer does not read \(maxSendBuffer\)$/, 50_000);
  clearInterval(flood);
  await other.stillWorks();
});

test("data and requests for unknown and closed channels are ignored", async () => {
  const bench = await startBench();
  const attacker = await authenticated(bench);
  const channel = await attacker.open();
  const gone = new Promise((resolve) => channel.once("close", resolve));
  channel.resume();
  channel.close();
  await within("the channel's end", gone);
  for (const id of [channel.outgoing.id, 7, 0x7fff_ffff]) {
    attacker.send(94, uint32(id), string("data"));
    attacker.send(93, uint32(id), uint32(1));
    attacker.send(96, uint32(id));
    attacker.send(97, uint32(id));
    attacker.send(98, uint32(id), string("exec"), 1, string("GET /"));
    attacker.send(99, uint32(id));
    attacker.send(100, uint32(id));
    attacker.send(91, uint32(id), uint32(0), uint32(1024), uint32(32_768));
    attacker.send(92, uint32(id), uint32(1), string(""), string(""));
  }
  await attacker.open();
  expect(bench.accepted).toHaveLength(2);
});
