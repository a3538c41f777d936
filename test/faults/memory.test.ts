import { expect, test } from "vitest";
import { IS_FULL } from "../rounds.js";
import { encodeFrame, FLAG, FRAME, PREAMBLE } from "../support/raw-peer.js";
import { until } from "../unit/runtime/support/wait.js";
import { GET, GET_ITEMS, type Key, MB, MIB, STORE, sent, start, UPDATE, UPDATE_ITEMS } from "./memory-support.js";

// What the holders of keys send must not fill the memory of a server, which here has a heap of 512 MB: attacks with raw frames over
// SSH, by clients without a window of the connection, beside a client that behaves.

/** An item of the largest size, and one whose parsed value takes many times as much memory as its text. */
const LARGE = JSON.stringify("x".repeat(4 * MIB - 2));
const list = (count: number, entry: unknown) => JSON.stringify({ list: Array(count).fill(entry) });
const HEAVY = list(200_000, {});

/** Calls on one channel, and items of a stream. */
function calls(method: number, body: string, item?: string, credit = 0) {
  return async (key: Key, count: number): Promise<void> => {
    const peer = await key.peer();
    for (let call = 0; call < count; call++) {
      const id = 1 + 2 * call;
      if (item === undefined) peer.open(id, body, { method });
      else peer.open(id, body, { method, flags: FLAG.STREAM, credit }).send({ kind: FRAME.ITEM, id, body: item });
      await sent(peer);
    }
  };
}

async function unreadResponses(key: Key, count: number): Promise<void> {
  const peer = await key.peer();
  peer.duplex.pause();
  for (let call = 0; call < count; call++) peer.open(1 + 2 * call, "{}", { method: UPDATE });
  await sent(peer);
}

async function unreadStreams(key: Key, count: number): Promise<void> {
  for (let channel = 0; channel < count; channel++) {
    const peer = await key.peer(1);
    peer.duplex.pause();
    for (let call = 0; call < 1024; call++) peer.open(1 + 2 * call, "{}", { method: GET_ITEMS, credit: 256 * 1024 });
    await sent(peer);
  }
}

async function unfinishedFrames(key: Key, count: number): Promise<void> {
  const frame = encodeFrame({ kind: FRAME.OPEN, id: 1, method: GET, body: LARGE }).subarray(0, -1);
  for (let channel = 0; channel < count; channel++) await sent((await key.peer()).bytes(frame));
}

async function hellos(key: Key, count: number): Promise<void> {
  const methods = Array.from({ length: 400 }, (_, index) => `GET /${index}/${"x".repeat(8000)}`);
  const body = JSON.stringify({ methods, limits: { message: 1024, calls: 1 } });
  for (let channel = 0; channel < count; channel++) {
    await sent((await key.channel()).bytes(PREAMBLE).send({ kind: FRAME.HELLO, id: 0, body }));
  }
}

/** The attacks, how often each is made by all keys together, and what some of the attempts are answered. */
const ATTACKS = [
  ["requests of 200,000 empty objects", calls(STORE, HEAVY), 50, 429],
  ["requests of 50,000 objects with an integer for a name", calls(STORE, list(50_000, { 1000000: 0 })), 125, 429],
  ["responses of 1 MB that are made together and not read", unreadResponses, 500, undefined],
  ["unread streams of 60 kB items, on 10 connections", unreadStreams, 10, undefined],
  ["streams with an item of 200,000 objects, which their handlers have", calls(UPDATE_ITEMS, "{}", HEAVY, 1), 100, 429],
  ["unfinished frames of 4 MiB", unfinishedFrames, 60, 429],
  ["HELLOs of 3 MB", hellos, 60, undefined],
] as const;

/** More of the kinds above, for soak runs. */
const VARIANTS = [
  ["requests of 10,000 empty objects", calls(STORE, list(10_000, {})), 750, 429],
  ["streams with an item of 4 MiB, and no credit", calls(UPDATE_ITEMS, "{}", LARGE), 100, 429],
  ["streams with an item of 200,000 objects, and no credit", calls(UPDATE_ITEMS, "{}", HEAVY), 100, 429],
] as const;

const CASES = (IS_FULL ? [5, 1] : [5]).flatMap((keys) =>
  [...ATTACKS, ...(IS_FULL ? VARIANTS : [])].map((attack) => [keys, ...attack] as const),
);

test.each(CASES)(
  "%i keys with %s do not grow a server by more than 150 MB, nor harm another key",
  async (keys, _, attack, count, status) => {
    const { client, login, attackers, child, growth } = await start(keys);
    let isOver = false;
    const attacks = Promise.all(attackers.map((key) => attack(key, count / keys)));
    const over = attacks.finally(() => {
      isOver = true;
    });
    over.catch(() => undefined);
    while (!isOver) expect(await client.it.get()).toBeNull();
    await over;
    if (status !== undefined) {
      await until("refused calls", () => attackers.some(({ statuses }) => statuses.includes(status)));
    }
    const another = await login();
    for (let call = 0; call < 50; call++) expect(await another.it.get()).toBeNull();
    expect(child.exitCode).toBeNull();
    expect(growth()).toBeLessThan(150 * MB);

    // What the attackers held comes back when they have gone.
    for (const key of attackers) key.leave();
    const [key] = attackers as [Key, ...Key[]];
    const answered = async () => {
      const peer = await key.peer();
      const { payload } = await peer.open(1, HEAVY, { method: GET }).next(FRAME.STATUS);
      key.leave();
      return payload.readUInt16BE(0);
    };
    await expect.poll(answered, { timeout: 20_000 }).toBe(200);
  },
  120_000,
);
