import { createHash } from "node:crypto";
import { once } from "node:events";
import { Duplex } from "node:stream";
import type { Client } from "sshrpc/client";
import { connectApi } from "sshrpc/generated";
import { duplexPair, inMemory, memoryTransport } from "sshrpc/testing";
import { expect, test } from "vitest";
import { FRAME, RawPeer } from "../../../support/raw-peer.js";
import { type AnyHandler, apiOf, handlersOf, method, serveRaw } from "../support/server.js";
import { until, within } from "../support/wait.js";

test("bytes written to one end are read at the other, in both directions, also after one end has ended", async () => {
  const [near, far] = duplexPair();
  const received: [string, string][] = [];
  near.on("data", (chunk) => received.push(["near", `${chunk}`]));
  far.on("data", (chunk) => received.push(["far", `${chunk}`]));
  const closed = Promise.all([once(near, "close"), once(far, "close")]);
  near.end("there");
  await within("the end", once(far, "end"));
  far.end("back");
  await within("both ends", closed);
  expect(received).toEqual([
    ["far", "there"],
    ["near", "back"],
  ]);
});

test("delivers after the write has returned", async () => {
  const [near, far] = duplexPair();
  const order: string[] = [];
  far.on("data", () => order.push("read"));
  await new Promise((resolve) => setImmediate(resolve));
  for (let round = 0; round < 3; round++) {
    near.write("x");
    order.push("written");
    await until("the reading", () => order.length === 2 * (round + 1));
  }
  expect(order).toEqual(["written", "read", "written", "read", "written", "read"]);
});

test("a paused reader stops its writer", async () => {
  const [near, far] = duplexPair();
  const chunk = Buffer.alloc(10_000);
  let written = 0;
  const write = (): void => {
    while (written++ < 1000) if (!near.write(chunk)) return;
  };
  near.on("drain", write);
  write();
  await new Promise((resolve) => setTimeout(resolve, 20));
  // 256 KiB wait at each end, of 10 MB.
  expect(written).toBeGreaterThan(0);
  expect(written * chunk.length).toBeLessThan(600_000);
  let read = 0;
  far.on("data", (data: Buffer) => {
    read += data.length;
  });
  await until("all of it", () => read === 1000 * chunk.length);
});

test("destroying one end closes the other, also while a write waits", async () => {
  const [near, far] = duplexPair();
  near.on("error", () => undefined);
  for (let round = 0; round < 10; round++) near.write(Buffer.alloc(100_000));
  const closed = Promise.all([once(near, "close"), once(far, "close")]);
  far.destroy();
  await within("both ends", closed);
});

test("each open creates a new pair", async () => {
  let accepted = 0;
  const transport = memoryTransport(() => accepted++);
  const [one, two] = [await transport.open(), await transport.open()];
  expect(one).not.toBe(two);
  expect(accepted).toBe(2);
});

test("a writer may reuse its memory after the callback, as with any other duplex", async () => {
  const [near, far] = duplexPair();
  const memory = Buffer.from("sent");
  await new Promise((resolve) => near.write(memory, resolve));
  memory.fill("x");
  expect(`${far.read()}`).toBe("sent");
});

/** A transport of a user that passes everything on, and calls back when the inner duplex has taken a chunk. */
class Wrapper extends Duplex {
  readonly #inner: Duplex;

  constructor(inner: Duplex) {
    super();
    this.#inner = inner;
    inner.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) inner.pause();
    });
    inner.on("end", () => this.push(null)).on("close", () => this.destroy());
  }

  override _read(): void {
    this.#inner.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#inner.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#inner.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#inner.destroy();
    done(error);
  }
}

test("bytes sent through a wrapper arrive unchanged, however late they are read", async () => {
  const it = method("STORE /it", { kind: "client-streaming", requestItem: "bytes" });
  const store = async (_request: unknown, items: AsyncIterable<Buffer>): Promise<string> => {
    const kept: Buffer[] = [];
    for await (const item of items) kept.push(item);
    return sha256(Buffer.concat(kept));
  };
  const transport = inMemory(handlersOf([it], { [it.id]: store as unknown as AnyHandler }));
  const open = async (): Promise<Duplex> => new Wrapper(await transport.open());
  type StoreClient = Client & { readonly it: { store(request: object, items: Iterable<Buffer>): Promise<string> } };
  await using client = await connectApi<StoreClient>(apiOf(it), { address: "memory", open });
  const items = Array.from({ length: 100 }, (_, nth) => Buffer.alloc(20_000, nth));
  expect(await client.it.store({}, items)).toBe(sha256(Buffer.concat(items)));
});

test("a reader that overwrites its chunks affects no other connection", async () => {
  const { peer, server } = await serveRaw((request) => request);
  peer.duplex.prependListener("data", (chunk: Buffer) => setImmediate(() => chunk.fill(0)));
  await peer.next(FRAME.HELLO);
  await new Promise((resolve) => setImmediate(resolve));
  // The raw peer checks the preamble that it receives.
  const other = new RawPeer(await server.open()).hello(["GET /it"]);
  expect(await other.open(1, "7").status()).toMatchObject({ code: 200, body: 7 });
  for (const { duplex } of [peer, other]) duplex.destroy();
  await server.close();
});

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
