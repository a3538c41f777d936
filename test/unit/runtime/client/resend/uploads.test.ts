import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CallOptions, fromFile } from "sshrpc/client";
import type { Context } from "sshrpc/server";
import type { InMemoryOptions } from "sshrpc/testing";
import { afterAll, describe, expect, test } from "vitest";
import { FRAME } from "../../../../support/raw-peer.js";
import { connectRaw } from "../../support/server.js";
import { failure, until, within } from "../../support/wait.js";
import { connectTo, type Line, serve } from "./numbers.js";

const DATA = randomBytes(2_000_000);
const SUM = createHash("sha256").update(DATA).digest("hex");
const SMALL = { limits: { window: 60_000, windowGrowth: 1 } };

/** A server that takes uploads, and the line to it, which is cut after each of so many bytes. */
async function uploads({ every = 300_000, ...options }: { every?: number } & InMemoryOptions = {}) {
  let line: Line | undefined;
  const runs: { size: number; keys: (string | undefined)[]; error?: unknown }[] = [];
  const handler = async (_request: unknown, items: AsyncIterable<Uint8Array>, ctx: Context) => {
    const run = { size: 0, keys: [ctx.idempotencyKey] } as (typeof runs)[number];
    runs.push(run);
    const hash = createHash("sha256");
    let next = every;
    try {
      for await (const bytes of items) {
        hash.update(bytes);
        run.size += bytes.length;
        if (run.size < next) continue;
        next += every;
        line?.cut();
      }
    } catch (error) {
      run.error = error;
      throw error;
    }
    return { size: run.size, sha256: hash.digest("hex") };
  };
  const server = serve({ "STORE /upload": handler }, { ...SMALL, ...options });
  const connected = await connectTo(server);
  line = connected.line;
  return { ...connected, runs, server };
}

describe("an upload", () => {
  const folder = mkdtempSync(join(tmpdir(), "sshrpc-"));
  const file = join(folder, "data");
  writeFileSync(file, DATA);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const sources = {
    "a Blob": () => new Blob([DATA]),
    "a file": () => fromFile(file),
    "a function of the offset": () => (offset: number) => [DATA.subarray(offset)],
  };

  test.each(Object.entries(sources))(
    "of %s goes on where the server has it, and its handler runs once",
    async (_, source) => {
      const { client, line, runs } = await uploads();
      expect(await within("the upload", client.upload.store({}, source()))).toEqual({ size: DATA.length, sha256: SUM });
      expect(runs).toHaveLength(1);
      expect(line.opened).toBeGreaterThan(4);
    },
  );

  test("survives any number of lost connections, as long as it gets on", async () => {
    const { client, line, runs } = await uploads({ every: 100_000 });
    expect(await within("the upload", client.upload.store({}, new Blob([DATA])))).toMatchObject({ sha256: SUM });
    expect(runs).toHaveLength(1);
    expect(line.opened).toBeGreaterThan(6);
  });

  test("of a source that is read once ends with its connection, and its handler gets the error", async () => {
    const { client, runs } = await uploads();
    expect(await failure(client.upload.store({}, [DATA]))).toMatchObject({ status: "UNAVAILABLE" });
    await until("the handler's end", () => runs[0]?.error !== undefined);
    expect(runs).toEqual([expect.objectContaining({ error: expect.objectContaining({ status: "UNAVAILABLE" }) })]);
  });

  test("ends with its connection where the server has no ledger", async () => {
    const { client, runs } = await uploads({ ledger: false });
    expect(await failure(client.upload.store({}, new Blob([DATA])))).toMatchObject({ status: "UNAVAILABLE" });
    expect(runs).toHaveLength(1);
  });

  test("fails at the server where its caller does not come back in time", async () => {
    const { client, line, runs, server } = await uploads({ ledger: { resumeGrace: 20 } });
    line.target = serve({});
    expect(await failure(client.upload.store({}, new Blob([DATA])))).toMatchObject({ status: "UNAVAILABLE" });
    await until("the handler's end", () => server.calls === 0);
    expect(runs[0]?.error).toMatchObject({
      status: "UNAVAILABLE",
      message: "the caller did not continue its request stream within 20 ms",
    });
  });

  test("with a given key goes on from another program, without a byte that the server has", async () => {
    const { client, line, runs, server } = await uploads({ every: 900_000 });
    line.target = serve({});
    const first = failure(client.upload.store({}, new Blob([DATA]), { idempotencyKey: "upload 7" }));
    expect(await first).toMatchObject({ status: "UNAVAILABLE" });
    const offsets: number[] = [];
    const { client: second } = await connectTo(server);
    const source = (offset: number) => {
      offsets.push(offset);
      return [DATA.subarray(offset)];
    };
    const done = second.upload.store({}, source, { idempotencyKey: "upload 7" });
    expect(await within("the upload", done)).toEqual({ size: DATA.length, sha256: SUM });
    expect(offsets).toEqual([expect.any(Number)]);
    expect(offsets[0]).toBeGreaterThanOrEqual(900_000);
    expect(runs).toHaveLength(1);
  });

  test("gets the outcome of an earlier attempt without sending anything", async () => {
    const { client, server, runs } = await uploads({ every: 10_000_000 });
    const options = { idempotencyKey: "upload 7" };
    await client.upload.store({}, new Blob([DATA]), options);
    const { client: second } = await connectTo(server);
    const source = (): never => {
      throw new Error("not read");
    };
    expect(await second.upload.store({}, source, options)).toEqual({ size: DATA.length, sha256: SUM });
    expect(runs).toHaveLength(1);
  });

  test("that is cancelled while it goes on aborts its handler", async () => {
    const { client, line, runs, server } = await uploads({ every: 500_000 });
    const controller = new AbortController();
    const source = (offset: number) => ({
      async *[Symbol.asyncIterator]() {
        yield DATA.subarray(offset, 600_000);
        if (offset > 0) controller.abort();
        await new Promise((resolve) => controller.signal.addEventListener("abort", resolve));
      },
    });
    const upload = client.upload.store({}, source, { signal: controller.signal });
    expect(await failure(upload)).toMatchObject({ status: "CANCELLED" });
    await until("the handler's end", () => server.calls === 0);
    expect(runs[0]?.error).toMatchObject({ status: "CANCELLED" });
    expect(line.opened).toBe(2);
  });

  test("whose source cannot be opened again fails with its error", async () => {
    const { client } = await uploads();
    const source = (offset: number) => {
      if (offset > 0) throw new Error("the file is gone");
      return [DATA];
    };
    expect(await failure(client.upload.store({}, source))).toMatchObject({
      status: "CANCELLED",
      message: "the request stream failed: the file is gone",
    });
  });
});

describe("a request stream of items", () => {
  const ALL = Array.from({ length: 400 }, (_, index) => ({ n: index + 1, text: "x".repeat(100) }));

  /** A handler that cuts the line once, and returns the numbers that it has received. */
  function collect() {
    const lines: Line[] = [];
    const runs: number[][] = [];
    const handler = async (_request: unknown, items: AsyncIterable<{ n: number }>) => {
      const received: number[] = [];
      runs.push(received);
      for await (const { n } of items) {
        received.push(n);
        if (n === 150 && runs.length === 1) lines[0]?.cut();
      }
      return received;
    };
    return { lines, runs, handler };
  }

  test("goes on behind the items that the handler has taken", async () => {
    const { lines, runs, handler } = collect();
    const { client, line } = await connectTo(serve({ "STORE /items": handler }, { limits: { window: 2000 } }));
    lines.push(line);
    const offsets: number[] = [];
    const source = (offset: number) => {
      offsets.push(offset);
      return ALL.slice(offset);
    };
    expect(await within("the items", client.items.store({}, source))).toEqual(ALL.map(({ n }) => n));
    expect(runs).toHaveLength(1);
    expect(offsets).toEqual([0, expect.any(Number)]);
    expect(offsets[1]).toBeGreaterThanOrEqual(150);
  });

  test("of an idempotent method without a key begins anew", async () => {
    const { lines, runs, handler } = collect();
    const { client, line } = await connectTo(serve({ "UPDATE /items": handler }, { limits: { window: 2000 } }));
    lines.push(line);
    const offsets: number[] = [];
    const source = (offset: number) => {
      offsets.push(offset);
      return ALL.slice(offset);
    };
    expect(await within("the items", client.items.update({}, source))).toEqual(ALL.map(({ n }) => n));
    expect(runs).toHaveLength(2);
    expect(offsets).toEqual([0, 0]);
  });

  test("is not a Blob", async () => {
    const { client } = await connectTo(serve({}));
    expect(await failure(client.items.store({}, new Blob(["[1]"])))).toMatchObject({
      status: "BAD_REQUEST",
      message: expect.stringContaining("the request stream is an object without an iterator"),
    });
  });
});

test("a server that asks for a malformed offset loses its connection", async () => {
  const hello = { ledger: { id: "l", keeps: 60_000 } };
  const { client, peer } = await connectRaw({
    method: { kind: "client-streaming", requestItem: "bytes", idempotent: false },
    hello,
    remote: { window: 1000 },
    retries: 0,
  });
  const store = client.it.get as unknown as (request: object, items: Blob, options: CallOptions) => Promise<unknown>;
  const upload = failure(store({}, new Blob(["abc"]), { idempotencyKey: "7" }));
  const { id, payload } = await peer.next(FRAME.OPEN);
  expect(payload.toString()).toContain('["idempotency-key","7"],["resume-upload","again"]');
  peer.send({ kind: FRAME.HEADERS, id, metadata: '[["upload-offset","-1"]]' });
  expect(await peer.reason()).toBe("HEADERS with a malformed upload-offset");
  expect(await upload).toMatchObject({ status: "UNAVAILABLE" });
  await client.close();
});
