import { Duplex } from "node:stream";
import { connectApi } from "sshrpc/generated";
import type { RpcError } from "sshrpc/server";
import { inMemory } from "sshrpc/testing";
import { describe, expect, test } from "vitest";
import { rounds } from "../rounds.js";
import { ALICE, apiOf, handlersOf, type ItClient, method, TestLog } from "../unit/runtime/support/server.js";
import { until, within } from "../unit/runtime/support/wait.js";
import { Random, SEED } from "../unit/runtime/wire/random.js";

/** Forwards bytes one at a time, and destroys the line after this many of them, counted over both directions. */
class Cut extends Duplex {
  readonly #inner: Duplex;
  readonly #how: "destroy" | "error" | "end";
  #left: number;
  passed = 0;

  constructor(inner: Duplex, after: number, how: "destroy" | "error" | "end") {
    super();
    this.#inner = inner;
    this.#left = after;
    this.#how = how;
    inner.on("data", (chunk: Buffer) => this.#pass(chunk, (byte) => this.push(byte)));
    inner.on("end", () => !this.destroyed && this.push(null));
    inner.on("close", () => this.destroy());
    inner.on("error", () => undefined);
  }

  #pass(chunk: Buffer, on: (byte: Buffer) => void): void {
    for (let at = 0; at < chunk.length; at++) {
      if (this.#left-- <= 0) {
        this.#cut();
        return;
      }
      this.passed++;
      on(chunk.subarray(at, at + 1));
    }
  }

  #cut(): void {
    if (this.#how === "end") {
      if (!this.readableEnded && !this.destroyed) this.push(null);
      this.#inner.end();
    } else this.destroy(this.#how === "error" ? new Error("ECONNRESET") : undefined);
  }

  override _read(): void {
    this.#inner.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#pass(chunk, (byte) => this.#inner.writable && this.#inner.write(byte));
    done();
  }

  override _final(done: () => void): void {
    this.#inner.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#inner.destroy();
    done(error);
  }
}

const it = method("GET /it");
const api = apiOf(it);

/** A short session over a line that is cut; returns its outcome, and how many bytes were forwarded. */
async function session(after: number, how: "destroy" | "error" | "end"): Promise<number> {
  let running = 0;
  const handler = async (request: unknown, { signal }: { signal: AbortSignal }): Promise<unknown> => {
    running++;
    try {
      if (request !== "wait") return request;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return null;
    } finally {
      running--;
    }
  };
  const server = inMemory(handlersOf([it], { [it.id]: handler }), { log: new TestLog(), peer: ALICE });
  const far = await server.open();
  const line = new Cut(far, after, how);
  let outcomes: string[] = [];
  try {
    const client = await connectApi<ItClient>(api, { address: "a line", open: async () => line }, { reconnect: false });
    const abort = new AbortController();
    const calls = [
      client.it.get.safe("one"),
      client.it.get.safe("wait", { signal: abort.signal }),
      client.it.get.safe("x".repeat(50)),
      client.it.get.safe("wait"),
    ];
    const [first] = await within(`the first answer (cut after ${after})`, Promise.all([calls[0], calls[2]]));
    if (first?.ok) abort.abort();
    calls.push(client.it.get.safe("two"));
    void calls[4]?.then(() => client.close());
    const results = await within(`all answers (cut after ${after})`, Promise.all(calls));
    outcomes = results.map((result) => (result.ok ? "OK" : result.error.status));
    await within("close", client.close());
  } catch (error) {
    outcomes.push((error as RpcError).status);
  }
  for (const outcome of outcomes) expect(["OK", "UNAVAILABLE", "CANCELLED"]).toContain(outcome);
  await until(`the server's end (cut after ${after})`, () => server.clients.length === 0);
  await until(`the handlers' ends (cut after ${after})`, () => running === 0);
  expect(line.destroyed && far.destroyed).toBe(true);
  return line.passed;
}

describe.each(["destroy", "error", "end"] as const)(`a line that is cut at any byte (%s, TEST_SEED=${SEED})`, (how) => {
  test("ends every call and every handler once, and the connection at both ends", async () => {
    const total = await session(Number.POSITIVE_INFINITY, how);
    expect(total).toBeGreaterThan(300);
    // Every byte in a soak run, otherwise some.
    const count = rounds(total + 1);
    const random = new Random(SEED);
    const all = Array.from({ length: count }, (_, index) => (count > total ? index : random.below(total + 1)));
    for (let first = 0; first < count; first += 25) {
      const cuts = all.slice(first, first + 25);
      await Promise.all(cuts.map((after) => session(after, how)));
    }
  });
});
