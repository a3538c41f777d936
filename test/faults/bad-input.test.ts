import { expect, test } from "vitest";
import { IS_FULL } from "../rounds.js";
import { encodeFrame, FLAG, FRAME, type RawPeer } from "../support/raw-peer.js";
import { until, within } from "../unit/runtime/support/wait.js";
import { GET, GET_ITEMS, MB, MIB, STORE, sent, start, UPDATE, UPDATE_ITEMS } from "./memory-support.js";

// Input in sizes that no client sends: over SSH, from a key without scopes, to a server with a heap of 512 MB, beside a client that behaves.

/** How much more memory the server may use. What arrives is many times as much in each test but that of single bytes. */
const MOST = 150 * MB;

/** The client that behaves makes calls as long as the work lasts; then a client can log in, and the server has not grown. */
async function beside(
  { client, login, child, growth }: Awaited<ReturnType<typeof start>>,
  work: Promise<unknown>,
): Promise<void> {
  let isOver = false;
  const over = work.finally(() => {
    isOver = true;
  });
  over.catch(() => undefined);
  while (!isOver) expect(await client.it.get()).toBeNull();
  await over;
  expect(await (await login()).it.get()).toBeNull();
  expect(child.exitCode).toBeNull();
  expect(growth()).toBeLessThan(MOST);
}

/** Resolves when so many bytes have arrived. The peer must not parse them: a million frames are many objects. */
async function received({ duplex }: RawPeer, bytes: number): Promise<void> {
  let count = 0;
  duplex.removeAllListeners("data");
  await within(
    `${bytes} bytes`,
    new Promise<void>((resolve) => {
      duplex.on("data", (chunk: Buffer) => {
        count += chunk.length;
        if (count >= bytes) resolve();
      });
    }),
  );
}

const call = (id: number, body = "", method = GET) => encodeFrame({ kind: FRAME.OPEN, id, method, body });
/** STATUS with the code and `null`. */
const ANSWER = 10 + 2 + 4;

test("calls that arrive one byte at a time, each byte in a packet of its own, are answered", async () => {
  const server = await start(1);
  const [key] = server.attackers;
  const peer = await (key as NonNullable<typeof key>).peer();
  const calls = IS_FULL ? 5000 : 500;
  const work = async (): Promise<void> => {
    const frame = call(1, "{}");
    const answers = received(peer, calls * ANSWER);
    for (let count = 0; count < calls; count++) {
      for (let at = 0; at < frame.length; at++) peer.bytes(frame.subarray(at, at + 1));
      await sent(peer);
    }
    await answers;
  };
  await beside(server, work());
}, 120_000);

test("a batch of many tiny calls is answered as it is read, and not held as calls", async () => {
  const server = await start(1);
  const [key] = server.attackers;
  const peer = await (key as NonNullable<typeof key>).peer();
  const calls = IS_FULL ? 1_000_000 : 150_000;
  const frame = call(1);
  // The same id again: each call is answered before the next one is read.
  const batch = Buffer.alloc(calls * frame.length, frame);
  const answers = received(peer, calls * ANSWER);
  peer.bytes(batch);
  await beside(server, answers);
}, 120_000);

test("a batch of many tiny calls whose answers are not read stops the reading of it", async () => {
  const server = await start(1);
  const [key] = server.attackers;
  const peer = await (key as NonNullable<typeof key>).peer();
  peer.duplex.pause();
  const frame = call(1);
  const calls = 1_000_000;
  peer.bytes(Buffer.alloc(calls * frame.length, frame));
  const work = async (): Promise<void> => {
    let left = Number.NaN;
    // Until nothing more of it is read.
    await until("the server to stop", () => {
      const before = left;
      left = peer.duplex.writableLength;
      return left === before;
    });
    expect(left).toBeGreaterThan((calls * frame.length) / 2);
  };
  await beside(server, work());
}, 120_000);

/** Around what a buffer, a packet, a batch, a chunk or a message may have. */
const CLASSES = [1, 10, 512, 4096, 8192, 16_384, 32_768, 65_536, 262_144, MIB, 4 * MIB];
const SIZES = CLASSES.flatMap((size) => (IS_FULL ? [size - 1, size, size + 1] : [size, size + 1])).filter(Boolean);

test("messages of every size class that are cut leave nothing behind, and those in two parts are answered", async () => {
  const server = await start(1);
  const [key] = server.attackers;
  if (key === undefined) throw new Error("no key");
  const work = async (): Promise<void> => {
    for (const size of SIZES) {
      const body = size < 2 ? "0" : JSON.stringify("x".repeat(size - 2));
      const request = encodeFrame({ kind: FRAME.OPEN, id: 1, method: GET, body });
      const open = encodeFrame({ kind: FRAME.OPEN, id: 3, method: UPDATE_ITEMS, flags: FLAG.STREAM, credit: 9 * MIB });
      const item = Buffer.concat([open, encodeFrame({ kind: FRAME.ITEM, id: 3, body })]);
      for (const frame of [request, item]) {
        for (const at of [frame.length - size, Math.floor(frame.length / 2), frame.length - 1]) {
          const peer = await key.peer();
          await sent(peer.bytes(frame.subarray(0, at)));
          peer.duplex.destroy();
          await within("the end of the channel", peer.closed);
        }
      }
      // The same bytes in two parts; a size over the limit is refused.
      const peer = await key.peer();
      peer.bytes(request.subarray(0, request.length >> 1));
      await sent(peer);
      peer.bytes(request.subarray(request.length >> 1));
      const { payload } = await peer.next(FRAME.STATUS);
      expect([size, payload.readUInt16BE(0)]).toEqual([size, size > 4 * MIB ? 413 : 200]);
      key.leave();
    }
  };
  await beside(server, work());
}, 120_000);

test("a caller that stops reading in the middle of large responses holds little, and gets them whole when it goes on", async () => {
  const server = await start(1);
  const [key] = server.attackers;
  if (key === undefined) throw new Error("no key");
  const calls = 20;
  const stops = async (): Promise<void> => {
    const peers: RawPeer[] = [];
    for (let channel = 0; channel < 10; channel++) {
      const peer = await key.peer();
      peers.push(peer);
      for (let number = 0; number < calls; number++) peer.open(1 + 2 * number, "{}", { method: UPDATE });
      await new Promise<void>((resolve) => {
        let count = 0;
        const read = (chunk: Buffer): void => {
          count += chunk.length;
          if (count < 100_000) return;
          peer.duplex.off("data", read).pause();
          resolve();
        };
        peer.duplex.on("data", read);
      });
    }
    const [first] = peers as [RawPeer, ...RawPeer[]];
    first.duplex.resume();
    const statuses = await until("all responses", () => {
      const all = first.frames.filter(({ kind }) => kind === FRAME.STATUS);
      return all.length === calls && all;
    });
    for (const { payload } of statuses) expect(payload.length).toBe(2 + MB + 2);
  };
  await beside(server, stops());
}, 120_000);

test("a consumer that leaves in the middle of a large item ends the stream, again and again", async () => {
  const server = await start(1);
  const [key] = server.attackers;
  if (key === undefined) throw new Error("no key");
  const work = async (): Promise<void> => {
    for (let round = 0; round < (IS_FULL ? 500 : 50); round++) {
      const peer = await key.peer();
      peer.open(1, "{}", { method: GET_ITEMS, credit: 4 * MIB });
      await until("a part of an item", () => peer.frames.length > 1);
      peer.duplex.destroy();
      await within("the end of the channel", peer.closed);
    }
    // No handler goes on: all calls of a channel can be made.
    const peer = await key.peer();
    for (let number = 0; number < 1024; number++) peer.open(1 + 2 * number, "{}", { method: STORE });
    peer.send({ kind: FRAME.CANCEL, id: 1 });
    expect((await peer.next(FRAME.STATUS)).payload.readUInt16BE(0)).toBe(499);
  };
  await beside(server, work());
}, 120_000);
