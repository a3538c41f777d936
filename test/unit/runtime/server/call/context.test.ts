import { type Context, RpcError } from "sshrpc/server";
import { afterEach, describe, expect, test } from "vitest";
import { FLAG, FRAME, type RawPeer, type ReceivedFrame } from "../../../../support/raw-peer.js";
import { type AnyHandler, any, type RawServed, serveRaw } from "../../support/server.js";
import { until } from "../../support/wait.js";

let served: RawServed;

afterEach(async () => {
  served.peer.duplex.destroy();
  await served.server.close();
});

async function serve(handler: AnyHandler, options: Parameters<typeof serveRaw>[1] = {}): Promise<RawPeer> {
  served = await serveRaw(handler, options);
  return served.peer.hello(["GET /it"], { window: 1000 });
}

/** A running call, whose handler has not read its signal. */
async function running(): Promise<{ peer: RawPeer; ctx: Context }> {
  const contexts: Context[] = [];
  const peer = await serve((_, ctx) => {
    contexts.push(ctx);
    return new Promise(() => undefined);
  });
  peer.open(1);
  return { peer, ctx: await until("the handler", () => contexts[0]) };
}

describe("the signal of a call", () => {
  test("aborts with the reason, whether it was read before or after", async () => {
    for (const isEarly of [true, false]) {
      const { peer, ctx } = await running();
      if (isEarly) expect(ctx.signal.aborted).toBe(false);
      peer.send({ kind: FRAME.CANCEL, id: 1 });
      await peer.status();
      expect(ctx.signal).toMatchObject({ aborted: true, reason: { status: "CANCELLED" } });
      expect(ctx.signal.reason).toBeInstanceOf(RpcError);
      expect(ctx.signal).toBe(ctx.signal);
      peer.duplex.destroy();
    }
  });

  test("keeps its first reason", async () => {
    const { peer, ctx } = await running();
    peer.send({ kind: FRAME.CANCEL, id: 1 });
    await peer.status();
    peer.duplex.destroy();
    await until("the loss of the connection", () => served.server.clients.length === 0);
    expect(ctx.signal.reason).toMatchObject({ status: "CANCELLED" });
  });
});

test("the log adds the fields of the call, at every level", async () => {
  const levels = ["debug", "info", "warn", "error"] as const;
  const handler: AnyHandler = (_, ctx) => {
    for (const level of levels) ctx.log[level]({ size: 3 }, "stored");
  };
  const peer = await serve(handler, { peer: { user: "alice", scopes: [], address: "192.0.2.7:1" } });
  await peer.open(1).status();
  const lines = served.log.lines.filter(({ message }) => message === "stored");
  expect(lines.map(({ level }) => level)).toEqual(levels);
  for (const { fields } of lines) {
    expect(fields).toMatchObject({ method: "GET /it", user: "alice", address: "192.0.2.7:1", size: 3 });
  }
});

test("fail throws the status with its details, also when destructured", async () => {
  const peer = await serve((request, { fail }) =>
    request === 1 ? fail("CONFLICT", { id: 1 }, "taken") : fail("NOT_FOUND"),
  );
  expect(await peer.open(1, "1").status()).toMatchObject({
    code: 409,
    body: { message: "taken", details: { id: 1 } },
  });
  expect(await peer.open(1, "2").status()).toMatchObject({ code: 404, body: { message: "not found" } });
});

/** The metadata of a frame; undefined for none. */
function metadataIn(frame: ReceivedFrame | undefined): string | undefined {
  if (frame === undefined || (frame.flags & FLAG.METADATA) === 0) return undefined;
  const at = frame.kind === FRAME.STATUS ? 2 : 0;
  return frame.payload.toString("utf8", at + 4, at + 4 + frame.payload.readUInt32BE(at));
}

/** The metadata that a call has sent. */
async function sentBy(
  handler: (ctx: Context) => unknown,
  options: Parameters<typeof serveRaw>[1] = {},
): Promise<{ headers: string | undefined; trailers: string | undefined }> {
  const peer = await serve((_, ctx) => handler(ctx), options);
  peer.open(1, "{}", { credit: 1000 });
  const status = await peer.next(FRAME.STATUS);
  const headers = peer.frames.filter(({ kind }) => kind === FRAME.HEADERS);
  expect(headers.length).toBeLessThanOrEqual(1);
  return { headers: metadataIn(headers[0]), trailers: metadataIn(status) };
}

test("headers can be set until the first item is sent, trailers afterwards too", async () => {
  let late: unknown;
  const handler = async function* (ctx: Context) {
    ctx.setHeader("X-A", "1");
    ctx.setHeader("x-a", "2");
    yield 1;
    try {
      ctx.setHeader("x-b", "1");
    } catch (error) {
      late = error;
    }
    ctx.setTrailer("x-b", "☺");
  };
  const method = { kind: "server-streaming", responseItem: any } as const;
  expect(await sentBy(handler, { method })).toEqual({
    headers: '[["x-a","1"],["x-a","2"]]',
    trailers: '[["x-b","☺"]]',
  });
  expect(late).toMatchObject({ message: expect.stringContaining("header x-b: too late") });
});

test("no metadata is sent if none was set", async () => {
  expect(await sentBy(() => 1)).toEqual({ headers: undefined, trailers: undefined });
});

describe.each(["header", "trailer"] as const)("a %s", (what) => {
  const set = (ctx: Context, name: string, value: string): void =>
    what === "header" ? ctx.setHeader(name, value) : ctx.setTrailer(name, value);
  const sent = async (handler: (ctx: Context) => unknown, options = {}): Promise<string | undefined> =>
    (await sentBy(handler, options))[`${what}s`];

  test.each([
    ["over the limit", "x-big", "x".repeat(100), "MESSAGE_TOO_LARGE"],
    ["with an invalid name", "x y", "1", "BAD_REQUEST"],
    ["with a value that is not a string", "x-n", 7 as unknown as string, "BAD_REQUEST"],
  ])("%s is refused, and other values are kept", async (_, name, value, status) => {
    let refused: unknown;
    const handler = (ctx: Context): void => {
      set(ctx, "x-a", "1");
      try {
        set(ctx, name, value);
      } catch (error) {
        refused = error;
      }
      set(ctx, "x-b", "2");
    };
    expect(await sent(handler, { limits: { metadata: 40 } })).toBe('[["x-a","1"],["x-b","2"]]');
    expect(refused).toMatchObject({ status });
  });

  test("keeps the order of its values, regardless of the case of its name", async () => {
    const handler = (ctx: Context): void => {
      set(ctx, "X-A", "1");
      set(ctx, "x-a", "2");
      set(ctx, "X-A", "3");
    };
    expect(await sent(handler)).toBe('[["x-a","1"],["x-a","2"],["x-a","3"]]');
  });

  test.each(["constructor", "__proto__", "tostring"])("may be named %s", async (name) => {
    const handler = (ctx: Context): void => {
      set(ctx, name, "1");
      set(ctx, name, "2");
    };
    expect(await sent(handler)).toBe(`[["${name}","1"],["${name}","2"]]`);
  });
});
