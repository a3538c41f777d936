import type { Client } from "sshrpc/client";
import type { Api, Method } from "sshrpc/generated";
import type { Context, RpcError } from "sshrpc/server";
import { describe, expect, test } from "vitest";
import { duplexPair } from "../../runtime/src/base/memory-transport.js";
import { openClient } from "../../runtime/src/client/client.js";
import type { AnyHandler } from "../../runtime/src/server/api-handlers.js";
import { ApiServer } from "../../runtime/src/server/api-server.js";
import { encodeFrame, type Frame } from "../../runtime/src/wire/encode.js";
import { FLAG, FRAME, itemCost } from "../../runtime/src/wire/frame.js";
import { rounds } from "../rounds.js";
import { RawPeer } from "../support/raw-peer.js";
import { ALICE, method, only, TestLog } from "../unit/runtime/support/server.js";
import { until, within } from "../unit/runtime/support/wait.js";
import type { DecodedFrame } from "../unit/runtime/wire/frames.js";
import { Random, SEED } from "../unit/runtime/wire/random.js";

/** Milliseconds for one side, which runs as many rounds as fit: 1 s, and 10 s in a soak run. */
const TIME = 100 * rounds(100);
const LIMITS = { message: 500, metadata: 200, calls: 8, queuedCalls: 16, window: 300, windowGrowth: 1000 };

const small = only((value) => typeof value === "number");
const METHODS: readonly Method[] = [
  method("GET /it"),
  method("GET /down", { kind: "server-streaming", responseItem: small, resource: "down" }),
  method("GET /up", { kind: "client-streaming", requestItem: small, resource: "up" }),
  method("GET /both", { kind: "bidirectional", requestItem: "bytes", responseItem: "bytes", resource: "both" }),
];
const API: Api = { name: "fuzz", version: "1.0.0", hash: "00", methods: METHODS };

/** How many handlers, and sources of request streams, are running. */
let working = 0;

async function* work(items: AsyncIterable<unknown> | undefined, random: Random, make: () => unknown) {
  working++;
  try {
    const count = random.below(30);
    for (let at = 0; at < count; at++) {
      if (random.below(4) === 0) await new Promise((resolve) => setImmediate(resolve));
      if (random.below(40) === 0) throw new Error("a handler's fault");
      yield random.below(60) === 0 ? "not what the contract says" : make();
    }
    for await (const _item of items ?? []) if (random.below(20) === 0) break;
    return 1;
  } finally {
    working--;
  }
}

function handlers(random: Random): Map<string, AnyHandler> {
  const bytes = (): unknown => Buffer.alloc(random.below(400));
  const numbers = (): unknown => random.below(1000);
  const up = async (_: unknown, items: AsyncIterable<unknown>): Promise<unknown> => {
    const iterator = work(items, random, numbers);
    for (;;) if ((await iterator.next()).done === true) return 1;
  };
  const wait = async (_: unknown, { signal }: Context): Promise<unknown> => {
    if (random.below(2) === 0) return 1;
    working++;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    working--;
    return 1;
  };
  return new Map<string, AnyHandler>([
    ["GET /it", wait],
    ["GET /down", () => work(undefined, random, numbers)],
    ["GET /up", up as unknown as AnyHandler],
    ["GET /both", ((_: unknown, items: AsyncIterable<unknown>) => work(items, random, bytes)) as unknown as AnyHandler],
  ]);
}

/** A running call, as the hostile peer sees it. */
interface Known {
  readonly id: number;
  /** Whether the stream of this peer is open. */
  sends: boolean;
  /** Whether the stream of the other side is open. */
  readonly takes: boolean;
  /** The credit of this peer, in bytes. */
  credit: number;
  /** Whether headers may still be sent. */
  fresh: boolean;
}

/** A peer that mostly follows the protocol, so that it gets far, and sometimes breaks it. */
class Hostile {
  readonly #random: Random;
  readonly #first: number;
  /** One frame in this many breaks the protocol. */
  readonly #rate: number;
  readonly #mine = new Map<number, Known>();
  readonly #theirs = new Map<number, Known>();
  #heard = 0;

  /** @param first the first id that it opens calls with */
  constructor(random: Random, first: number) {
    this.#random = random;
    this.#first = first;
    this.#rate = this.#pick([5, 50, 500, 1_000_000]);
  }

  /** Received frames change which frames are valid. */
  hear(frames: readonly DecodedFrame[]): void {
    for (const { kind, id, payload, flags } of frames.slice(this.#heard)) {
      this.#heard++;
      const known = this.#mine.get(id) ?? this.#theirs.get(id);
      if (kind === FRAME.STATUS) this.#mine.delete(id);
      else if (kind === FRAME.CREDIT && known !== undefined) known.credit += payload.readUInt32BE(0);
      else if (kind === FRAME.OPEN) {
        const sends = METHODS[payload.readUInt16BE(0)]?.responseItem !== undefined;
        const takes = (flags & FLAG.STREAM) !== 0;
        this.#theirs.set(id, { id, sends, takes, credit: payload.readUInt32BE(6), fresh: true });
      }
    }
  }

  /** The next frame; undefined where no frame is valid. */
  next(): Frame | undefined {
    const random = this.#random;
    if (random.below(this.#rate) === 0) return this.#illegal();
    const known = [...this.#mine.values(), ...this.#theirs.values()];
    if (known.length === 0 || random.below(4) === 0) return this.#open();
    const call = this.#pick(known);
    return this.#mine.has(call.id) ? this.#asCaller(call) : this.#asCallee(call);
  }

  #open(): Frame | undefined {
    const random = this.#random;
    const id = this.#first + 2 * random.below(12);
    if (this.#mine.has(id)) return undefined;
    const method = random.below(METHODS.length);
    // Sometimes not as the method declares it, which is an error of the call alone.
    const streams = METHODS[method]?.requestItem !== undefined && random.below(20) > 0;
    this.#mine.set(id, { id, sends: streams, takes: true, credit: LIMITS.window, fresh: false });
    return {
      kind: FRAME.OPEN,
      id,
      method,
      flags: streams ? FLAG.STREAM : 0,
      timeout: this.#pick([0, 0, 0, 1, 5, 0xffff_ffff]),
      credit: this.#pick([0, 1, 100, 10_000, 1_000_000]),
      ...(random.below(10) === 0 && { metadata: this.#pick(['[["a","b"]]', "[]", `[["a","${"x".repeat(300)}"]]`]) }),
      body: random.below(8) === 0 ? this.#body() : "{}",
    };
  }

  #asCaller(call: Known): Frame | undefined {
    const { id } = call;
    switch (this.#random.below(8)) {
      case 0:
        return { kind: FRAME.CANCEL, id };
      case 1:
        return { kind: FRAME.CREDIT, id, credit: this.#random.below(1000) };
      case 2:
        if (!call.sends) return undefined;
        call.sends = false;
        return { kind: FRAME.END, id };
      default:
        return this.#item(call);
    }
  }

  #asCallee(call: Known): Frame | undefined {
    const { id } = call;
    switch (this.#random.below(8)) {
      case 0:
        this.#theirs.delete(id);
        return { kind: FRAME.STATUS, id, code: this.#pick([200, 200, 404, 503, 999, 0]), body: this.#body() };
      case 1:
        if (!call.fresh) return undefined;
        call.fresh = false;
        return { kind: FRAME.HEADERS, id, metadata: this.#pick(['[["x","y"]]', `[["a","${"x".repeat(300)}"]]`]) };
      case 2:
        return call.takes ? { kind: FRAME.CREDIT, id, credit: this.#random.below(1000) } : undefined;
      default:
        return this.#item(call);
    }
  }

  #item(call: Known): Frame | undefined {
    if (!call.sends || call.credit <= 0) return undefined;
    const body = this.#random.below(8) === 0 ? this.#body() : "1";
    call.credit -= itemCost(Buffer.byteLength(body));
    call.fresh = false;
    return { kind: FRAME.ITEM, id: call.id, body };
  }

  /** Any frame, mostly for calls that are open. */
  #illegal(): Frame {
    const random = this.#random;
    const kind = this.#pick(Object.values(FRAME));
    const id = this.#pick([0, ...this.#mine.keys(), ...this.#theirs.keys(), 1, 2, 101, 102, 0xffff_fffe, 0xffff_ffff]);
    const flags = random.below(4) === 0 ? this.#pick([1, 2, 4, 255]) : 0;
    const body = random.below(3) === 0 ? random.bytes(random.below(50)) : this.#body();
    const credit = this.#pick([0, 1, 0x7fff_ffff, 0xffff_ffff]);
    return {
      kind,
      id,
      flags,
      method: random.below(6),
      timeout: random.below(10),
      credit,
      code: random.below(1000),
      body,
    };
  }

  #body(): string | Uint8Array {
    return this.#pick([
      "1",
      "{}",
      "[1,2]",
      "null",
      "",
      '"text"',
      "{",
      '{"__proto__":1}',
      "x".repeat(this.#random.below(1200)),
      this.#random.bytes(this.#random.below(300)),
    ]);
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#random.below(values.length)] as T;
  }
}

/** Sends random frames until one side closes; which frames are valid depends on the received ones. */
async function attack(peer: RawPeer, random: Random, first: number): Promise<void> {
  const hostile = new Hostile(random, first);
  const frames = 20 + random.below(600);
  for (let sent = 0; sent < frames && peer.duplex.writable; sent++) {
    hostile.hear(peer.frames);
    const frame = hostile.next();
    if (frame !== undefined) {
      const bytes = encodeFrame(frame);
      if (random.below(2000) === 0) bytes[random.below(bytes.length)] = random.below(256);
      peer.bytes(bytes);
    }
    if (random.below(6) === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  if (random.below(2) === 0) peer.duplex.destroy();
  else peer.duplex.end();
}

/** Runs rounds, each with its own seed, until the time is over. */
async function repeat(round: (random: Random) => Promise<void>): Promise<void> {
  const end = Date.now() + TIME;
  for (let count = 0; Date.now() < end; count++) {
    const seed = SEED + count;
    try {
      await within("the round's end", round(new Random(seed)));
      await until("the end of all work", () => working === 0);
    } catch (error) {
      throw new Error(`TEST_SEED=${seed} (first round): ${(error as Error).message}`, { cause: error });
    }
  }
}

const METHOD_IDS = METHODS.map(({ id }) => id);

describe(`a peer that sends random frames, valid and invalid (TEST_SEED=${SEED}),`, () => {
  test("to a server: nothing crashes, hangs, or leaks when its connection ends", async () => {
    await repeat(async (random) => {
      const log = new TestLog();
      const server = new ApiServer({ api: API, handlers: handlers(random) }, { log, limits: LIMITS });
      const [near, far] = duplexPair();
      server.accept(far, ALICE);
      const peer = new RawPeer(near).hello(METHOD_IDS, { window: 200 });
      await attack(peer, random, 1);
      await until("the server's end", () => server.connections === 0);
      await until("the handlers' ends", () => server.calls === 0);
      expect(far.destroyed).toBe(true);
    });
  });

  test("to a client: each call ends once, and so does the connection", async () => {
    await repeat(async (random) => {
      let peer: RawPeer | undefined;
      const open = async () => {
        const [near, far] = duplexPair();
        peer = new RawPeer(far).hello(METHOD_IDS, { window: 200, calls: 4 });
        return near;
      };
      const client = await openClient<Client>(API, { address: "memory", open }, { reconnect: false, limits: LIMITS });
      const outcomes = Array.from({ length: 12 }, () => call(client, random));
      await attack(peer as RawPeer, random, 2);
      for (const status of await within("the calls' ends", Promise.all(outcomes))) expect(status).toMatch(/^[A-Z_]+$/);
      await within("the client's end", client.close());
    });
  });
});

type AnyCall = (...args: unknown[]) => PromiseLike<unknown> & AsyncIterable<unknown> & { response: Promise<unknown> };

/** One call of a random kind, completed or abandoned; returns its status. */
async function call(client: Client, random: Random): Promise<string> {
  const { it, down, up, both } = client as unknown as Record<string, { get: AnyCall }>;
  const source = (make: () => unknown): AsyncIterable<unknown> => work(undefined, random, make);
  const settle = (response: PromiseLike<unknown>): PromiseLike<string> =>
    response.then(
      () => "OK",
      ({ status }: RpcError) => status,
    );
  switch (random.below(4)) {
    case 0:
      return settle((it as { get: AnyCall }).get({}));
    case 1:
      return settle(
        (up as { get: AnyCall }).get(
          {},
          source(() => random.below(100)),
        ),
      );
    default: {
      const stream =
        random.below(2) === 0
          ? (down as { get: AnyCall }).get({})
          : (both as { get: AnyCall }).get(
              {},
              source(() => Buffer.alloc(random.below(100))),
            );
      try {
        for await (const _item of stream) if (random.below(10) === 0) break;
      } catch {
        // The response fails in the same way.
      }
      return settle(stream.response);
    }
  }
}
