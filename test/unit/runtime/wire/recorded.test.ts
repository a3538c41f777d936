import { readFileSync } from "node:fs";
import type { Duplex } from "node:stream";
import { type Client, connectApi, type Method } from "sshrpc/generated";
import { duplexPair, inMemory } from "sshrpc/testing";
import { expect, test } from "vitest";
import { FRAME, type FrameKind, RawPeer, type ReceivedFrame } from "../../../support/raw-peer.js";
import { type AnyHandler, apiOf, handlersOf, method } from "../support/server.js";
import { until, within } from "../support/wait.js";

// A session of a client and a server of commit 3aff046, which knew no window of the connection, byte by byte: unary calls and
// streams in all directions, over windows of 2,000 bytes. Both sides of today must take the bytes of the other one.

type Chunk = readonly ["client" | "server", string];
const SESSION: readonly Chunk[] = JSON.parse(
  readFileSync(new URL("../../../fixtures/recorded/first-version.json", import.meta.url), "utf8"),
);

const any = (): boolean => true;
const on = (id: string, resource: string, more: Partial<Method> = {}): Method => method(id, { resource, ...more });
const METHODS = [
  on("GET /it", "it"),
  on("GET /fail", "fail"),
  on("GET /down", "down", { kind: "server-streaming", responseItem: any }),
  on("STORE /up", "up", { kind: "client-streaming", requestItem: any }),
  on("UPDATE /echo", "echo", { kind: "bidirectional", requestItem: any, responseItem: any }),
  on("GET /bytes", "bytes", { kind: "server-streaming", responseItem: "bytes" }),
];
const LIMITS = { window: 2000, windowGrowth: 1 };

/** The frames of one side in these chunks. */
function framesOf(from: "client" | "server", chunks: readonly Chunk[]): readonly ReceivedFrame[] {
  const [near, far] = duplexPair();
  const peer = new RawPeer(near);
  for (const [side, bytes] of chunks) if (side === from) near.emit("data", Buffer.from(bytes, "base64"));
  far.destroy();
  return peer.frames;
}

const count = (frames: readonly ReceivedFrame[], ...kinds: readonly FrameKind[]): number =>
  frames.filter(({ kind }) => kinds.includes(kind)).length;

/** Writes the chunks of one side, each after as many frames of these kinds as had arrived before it. */
async function replay(from: "client" | "server", duplex: Duplex, ...kinds: readonly FrameKind[]): Promise<RawPeer> {
  const peer = new RawPeer(duplex);
  const other = from === "client" ? "server" : "client";
  for (const [index, [side, bytes]] of SESSION.entries()) {
    if (side !== from) continue;
    const before = count(framesOf(other, SESSION.slice(0, index)), ...kinds);
    await until("the frames before a chunk", () => duplex.destroyed || count(peer.frames, ...kinds) >= before);
    peer.bytes(Buffer.from(bytes, "base64"));
  }
  return peer;
}

/** What a call has got: its metadata, its items, and its status. */
function outcomes(frames: readonly ReceivedFrame[]): unknown {
  const calls = new Map<number, { id: number; payloads: string[]; items: string }[]>();
  for (const { kind, id, payload } of frames) {
    if (kind !== FRAME.ITEM && kind !== FRAME.HEADERS && kind !== FRAME.STATUS) continue;
    const list = calls.get(id) ?? [];
    calls.set(id, list);
    if (list.length === 0 || list.at(-1)?.payloads.some((text) => text.startsWith("status"))) {
      list.push({ id, payloads: [], items: "" });
    }
    const call = list.at(-1);
    if (call === undefined) continue;
    if (kind === FRAME.ITEM) call.items += payload.toString("latin1");
    else call.payloads.push(`${kind === FRAME.STATUS ? "status" : "headers"} ${payload.toString("latin1")}`);
  }
  return [...calls];
}

/** The recorded sides have the hash 00. */
const CONTRACTS = [
  ["the same contract", "00"],
  ["another contract", "11"],
] as const;

test.each(CONTRACTS)(
  "a server with %s answers the recorded frames of an older client as the older server did, and sends it nothing new",
  async (_, hash) => {
    const handlers: Record<string, unknown> = {
      "GET /it": (request: unknown, ctx: { setHeader(name: string, value: string): void }) => {
        ctx.setHeader("x-seen", "yes");
        return { request };
      },
      "GET /fail": (_: unknown, ctx: { fail(status: string, details: unknown, message: string): never }) =>
        ctx.fail("CONFLICT", undefined, "taken"),
      "GET /down": async function* ({ n }: { n: number }) {
        for (let i = 0; i < n; i++) yield { i, text: "x".repeat(30) };
        return "done";
      },
      "STORE /up": async (_: unknown, items: AsyncIterable<{ i: number }>) => {
        let sum = 0;
        for await (const { i } of items) sum += i;
        return sum;
      },
      "UPDATE /echo": async function* (_: unknown, items: AsyncIterable<unknown>) {
        for await (const item of items) yield item;
        return null;
      },
      "GET /bytes": async function* ({ n }: { n: number }) {
        yield Buffer.alloc(n, 7);
        return null;
      },
    };
    const bound = handlersOf(METHODS, handlers as Record<string, AnyHandler>);
    const server = inMemory({ ...bound, api: { ...bound.api, hash } }, { limits: LIMITS });
    const peer = await replay("client", await server.open(), FRAME.STATUS, FRAME.CREDIT);
    await within("the end", peer.closed);
    expect(outcomes(peer.frames)).toEqual(outcomes(framesOf("server", SESSION)));
    expect(peer.frames.filter(({ kind, id }) => kind === FRAME.CREDIT && id === 0)).toEqual([]);
    await server.close();
  },
);

/** The client of {@link METHODS}, without their types. */
interface AnyClient extends Client {
  readonly [resource: string]: unknown;
}

test.each(CONTRACTS)(
  "a client with %s gets from the recorded frames of an older server what the older client got, and sends it nothing new",
  async (_, hash) => {
    const [near, far] = duplexPair();
    const replayed = replay("server", far, FRAME.OPEN, FRAME.END);
    const transport = { address: "memory", open: async () => near };
    const client = await connectApi<AnyClient>({ ...apiOf(...METHODS), hash }, transport, {
      limits: LIMITS,
      reconnect: false,
      log: false,
    });
    // biome-ignore lint/suspicious/noExplicitAny: the methods of this client have no generated types
    const call = client as any;
    const all = async (stream: AsyncIterable<unknown> & { response: Promise<unknown> }): Promise<unknown[]> => {
      const items: unknown[] = [];
      for await (const item of stream) items.push(item);
      return [...items, await stream.response];
    };
    const sent = Array.from({ length: 60 }, (_, i) => ({ i, text: "y".repeat(30) }));
    expect(await call.it.get({ a: 1 })).toEqual({ request: { a: 1 } });
    await expect(call.fail.get({})).rejects.toMatchObject({ status: "CONFLICT", message: "taken" });
    const down = Array.from({ length: 60 }, (_, i) => ({ i, text: "x".repeat(30) }));
    expect(await all(call.down.get({ n: 60 }))).toEqual([...down, "done"]);
    expect(await call.up.store({}, sent)).toBe(1770);
    expect(await all(call.echo.update({}, sent))).toEqual([...sent, null]);
    const bytes = (await all(call.bytes.get({ n: 5000 }))).slice(0, -1) as Uint8Array[];
    expect(Buffer.concat(bytes).equals(Buffer.alloc(5000, 7))).toBe(true);
    await client.close();
    const peer = await replayed;
    expect(peer.frames.filter(({ kind, id }) => kind === FRAME.CREDIT && id === 0)).toEqual([]);
  },
);
