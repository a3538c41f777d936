import type { Method, RpcError, ServerStreamingMethodOptional } from "sshrpc/generated";
import { type Context, tracked } from "sshrpc/server";
import { describe, expect, test } from "vitest";
import { encodeFrame, FLAG, FRAME } from "../../../support/raw-peer.js";
import { any, connectRaw, serveRaw } from "../support/server.js";
import { failure } from "../support/wait.js";

const STREAM: Partial<Method> = { kind: "server-streaming", responseItem: any };

const text = (payload: Buffer): string => payload.toString();

/** A client of a stream, and its raw server. */
async function follow(hello: object = { positions: true }) {
  const { client, peer } = await connectRaw({ method: STREAM, hello, retries: 0 });
  const get = client.it.get as unknown as ServerStreamingMethodOptional<unknown, unknown, unknown, RpcError>;
  return { get, peer };
}

/** Sends items with positions. */
async function* three(_request: unknown, ctx: Context) {
  for (let n = Number(ctx.resumeAfter ?? 0) + 1; n <= 3; n++) yield tracked(`p${n}`, n);
}

describe("a server", () => {
  test("sends positions to a client that announces them, before the item", async () => {
    const { peer } = await serveRaw(three, { method: STREAM });
    peer.hello(["GET /it"], {}, { positions: true }).open(1, "{}", { credit: 1000 });
    const { flags, payload } = await peer.next(FRAME.ITEM);
    expect(flags).toBe(FLAG.POSITION);
    expect(payload.toString("hex")).toBe(`0002${Buffer.from("p1").toString("hex")}31`);
  });

  test("sends bare items to a client that does not announce positions", async () => {
    const { peer } = await serveRaw(three, { method: STREAM });
    peer.hello(["GET /it"]).open(1, "{}", { credit: 1000 });
    expect(await peer.status()).toMatchObject({ code: 200 });
    const items = peer.frames.filter(({ kind }) => kind === FRAME.ITEM);
    expect(items.map(({ flags, payload }) => [flags, text(payload)])).toEqual([1, 2, 3].map((n) => [0, String(n)]));
  });

  test("gives the header resume-after to the handler", async () => {
    const { peer } = await serveRaw(three, { method: STREAM });
    peer.hello(["GET /it"], {}, { positions: true });
    peer.open(1, "{}", { credit: 1000, metadata: '[["resume-after","2"]]' });
    expect((await peer.next(FRAME.ITEM)).payload.toString("utf8", 4)).toBe("3");
  });

  test.each([
    ["twice", '[["resume-after","2"],["resume-after","3"]]', "resume-after: more than one position"],
    ["empty", '[["resume-after",""]]', "resume-after: a position must not be empty"],
    ["with 513 bytes", `[["resume-after","${"x".repeat(513)}"]]`, "resume-after: a position of 513 bytes"],
    ["with half of a surrogate pair", '[["resume-after","\\ud800"]]', "resume-after: a position must be well-formed"],
  ])("refuses the header resume-after %s", async (_, metadata, message) => {
    const { peer } = await serveRaw(three, { method: STREAM });
    peer.hello(["GET /it"], {}, { positions: true }).open(1, "{}", { credit: 1000, metadata });
    expect(await peer.status()).toMatchObject({ code: 400, body: { message: expect.stringContaining(message) } });
  });

  test("refuses the header resume-after where the method has no response stream", async () => {
    const { peer } = await serveRaw(() => 7);
    peer.hello(["GET /it"], {}, { positions: true }).open(1, "{}", { metadata: '[["resume-after","2"]]' });
    expect(await peer.status()).toMatchObject({
      code: 400,
      body: { message: "resume-after: the method has no response stream that could resume" },
    });
  });

  test("closes the connection at a position in a request stream", async () => {
    const { peer } = await serveRaw(() => 7, { method: { kind: "client-streaming", requestItem: any } });
    peer.hello(["GET /it"], {}, { positions: true }).open(1, "{}", { flags: FLAG.STREAM });
    peer.send({ kind: FRAME.ITEM, id: 1, position: "1", body: "1" });
    expect(await peer.reason()).toBe("ITEM with a position in a request stream");
  });
});

describe("a client", () => {
  test("takes a position with an item, and knows it once the item is taken", async () => {
    const { get, peer } = await follow();
    const stream = get();
    await peer.next(FRAME.OPEN);
    peer.send({ kind: FRAME.ITEM, id: 1, position: "é", body: "1" }, { kind: FRAME.ITEM, id: 1, body: "2" });
    peer.answer(1);
    const items = stream[Symbol.asyncIterator]();
    await stream.response;
    expect(stream.position).toBeUndefined();
    expect(await items.next()).toEqual({ done: false, value: 1 });
    expect(stream.position).toBe("é");
    expect(await items.next()).toEqual({ done: false, value: 2 });
    expect(stream.position).toBeUndefined();
  });

  const frame = (payload: Buffer): Buffer =>
    encodeFrame({ kind: FRAME.ITEM, id: 1, flags: FLAG.POSITION, body: payload });

  test.each([
    ["without its length", Buffer.of(0)],
    ["that is empty", Buffer.from("00007b7d", "hex")],
    ["longer than its frame", Buffer.from("000a7b7d", "hex")],
    ["of 513 bytes", Buffer.concat([Buffer.from("0201", "hex"), Buffer.alloc(513, 120), Buffer.from("1")])],
    ["that is not UTF-8", Buffer.from("0002c32831", "hex")],
  ])("closes the connection at a position %s", async (_, payload) => {
    const { get, peer } = await follow();
    const stream = get();
    await peer.next(FRAME.OPEN);
    peer.bytes(frame(payload));
    expect(await peer.reason()).toBe("ITEM with a malformed position: it must be 1 to 512 bytes of UTF-8");
    expect(await failure(stream.response)).toMatchObject({ status: "UNAVAILABLE" });
  });

  test("counts the position for the credit, and not for the limit of an item", async () => {
    const { client, peer } = await connectRaw({ method: STREAM, hello: { positions: true }, limits: { message: 64 } });
    const get = client.it.get as unknown as ServerStreamingMethodOptional<unknown, unknown, unknown, RpcError>;
    const stream = get();
    await peer.next(FRAME.OPEN);
    const body = JSON.stringify("x".repeat(62));
    peer.send({ kind: FRAME.ITEM, id: 1, position: "p".repeat(512), body }).answer(1);
    const received: unknown[] = [];
    for await (const item of stream) received.push(item);
    expect(received).toEqual(["x".repeat(62)]);
    const tooLong = get();
    const { id } = await peer.next(FRAME.OPEN);
    peer.send({ kind: FRAME.ITEM, id, position: "p", body: JSON.stringify("x".repeat(63)) });
    expect(await failure(tooLong.response)).toMatchObject({ status: "MESSAGE_TOO_LARGE" });
  });

  test("does not ask a server to resume that does not announce positions", async () => {
    const { get, peer } = await follow({});
    expect(await failure(get({}, { resumeAfter: "7" }).response)).toMatchObject({
      status: "UNIMPLEMENTED",
      message: "the server cannot resume streams: it would send the items once more",
    });
    expect(peer.frames.some(({ kind }) => kind === FRAME.OPEN)).toBe(false);
  });
});
