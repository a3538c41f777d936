import { afterEach, describe, expect, test } from "vitest";
import { encodeFrame, FLAG, FRAME, type RawPeer } from "../../../support/raw-peer.js";
import { connectRaw, type ItClient, type RawServed, serveRaw } from "../support/server.js";
import { failure } from "../support/wait.js";

const LIMIT = 1000;

describe("a client sends metadata", () => {
  let connected: { client: ItClient; peer: RawPeer };

  /** The metadata that a call with these options sends; undefined for none. */
  async function sent(metadata: Record<string, string | string[]> | undefined): Promise<string | undefined> {
    connected = await connectRaw({ limits: { metadata: LIMIT } });
    const { client, peer } = connected;
    const call = client.it.get({}, { ...(metadata && { metadata }) });
    const open = peer.next(FRAME.OPEN);
    const { flags, payload } = await Promise.race([open, call.then(() => expect.unreachable())]);
    peer.answer(1);
    await call;
    if ((flags & FLAG.METADATA) === 0) return undefined;
    return payload.toString("utf8", 14, 14 + payload.readUInt32BE(10));
  }

  afterEach(() => connected.client.close());

  test("with names in lower case, and repeated ones in order", async () => {
    expect(await sent({ "X-Trace": "1", tag: ["a", "", "☺"] })).toBe(
      '[["x-trace","1"],["tag","a"],["tag",""],["tag","☺"]]',
    );
  });

  test("not if it is empty", async () => {
    for (const metadata of [undefined, {}, { tag: [] }]) expect(await sent(metadata)).toBeUndefined();
  });

  test.each(["", "a b", "ü", "a:b", "a\n", "a(b)"])("not with the name %j", async (name) => {
    expect(await failure(sent({ [name]: "x" }))).toMatchObject({ status: "BAD_REQUEST" });
  });

  test("not with a value that is not a string", async () => {
    expect(await failure(sent({ age: 7 } as unknown as Record<string, string>))).toMatchObject({
      message: expect.stringContaining('metadata: the value of "age" must be a string'),
    });
  });

  test("of at most limits.metadata bytes", async () => {
    const room = LIMIT - '[["a",""]]'.length;
    expect(await sent({ a: "x".repeat(room) })).toHaveLength(LIMIT);
    for (const value of ["x".repeat(room + 1), "☺".repeat(LIMIT / 3)]) {
      expect(await failure(sent({ a: value }))).toMatchObject({ status: "MESSAGE_TOO_LARGE" });
    }
  });
});

describe("a server receives metadata", () => {
  let served: RawServed;

  afterEach(async () => {
    served.peer.duplex.destroy();
    await served.server.close();
  });

  async function serve(limits = {}): Promise<RawPeer> {
    served = await serveRaw((request, ctx) => ({ request, metadata: [...ctx.metadata] }), { limits });
    return served.peer.hello(["GET /it"]);
  }

  test("as names with their values in order, before the request", async () => {
    const peer = await serve();
    peer.open(1, '{"x":1}', { metadata: '[["a","1"],["b","☺"],["a","2"],["__proto__","3"]]' });
    expect((await peer.status()).body).toEqual({
      request: { x: 1 },
      metadata: [
        ["a", ["1", "2"]],
        ["b", ["☺"]],
        ["__proto__", ["3"]],
      ],
    });
  });

  test("of at most 16 KiB by default; more fails the call", async () => {
    const peer = await serve();
    const sized = (bytes: number) => `[["a","${"x".repeat(bytes - '[["a",""]]'.length)}"]]`;
    peer.open(1, "1", { metadata: sized(16_384) });
    expect(await peer.status()).toMatchObject({ id: 1, code: 200 });
    peer.open(3, "1", { metadata: sized(16_385) });
    expect(await peer.status()).toMatchObject({ id: 3, code: 413 });
  });

  function withLength(text: string, claimed = Buffer.byteLength(text)): Buffer {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(claimed);
    return Buffer.concat([size, Buffer.from(text)]);
  }

  test.each([
    ["without its length", Buffer.alloc(3)],
    ["longer than its frame", withLength("[]", 3)],
    ["of 4 GiB", withLength("[]", 0xffff_ffff)],
    ["that is empty", withLength("")],
    ["that is invalid JSON", withLength("[")],
    ["that is not a list", withLength('{"a":"b"}')],
    ["that is null", withLength("null")],
    ["that is not a list of pairs", withLength('["a"]')],
    ["of triples", withLength('[["a","b","c"]]')],
    ["with an uppercase name", withLength('[["A","b"]]')],
    ["with an invalid name", withLength('[["a b","c"]]')],
    ["with a name that is not a string", withLength('[[1,"c"]]')],
    ["with a value that is not a string", withLength('[["a",1]]')],
  ])("and closes the connection for metadata %s", async (_, body) => {
    const peer = await serve();
    peer.bytes(encodeFrame({ kind: FRAME.OPEN, id: 1, method: 0, flags: FLAG.METADATA, body }));
    expect(await peer.reason()).toContain("metadata");
  });
});
