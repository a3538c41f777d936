import { readFileSync } from "node:fs";
import { inMemory } from "sshrpc/testing";
import { afterEach, describe, expect, test } from "vitest";
import { encodeFrame, FRAME, PREAMBLE, RawPeer } from "../../../support/raw-peer.js";
import { connectRaw, handlersOf, method, type RawServed, serveRaw } from "../support/server.js";
import { failure } from "../support/wait.js";

const { name, version } = JSON.parse(readFileSync("runtime/package.json", "utf8"));
const AGENT = `${name}/${version}`;
const LIMIT = 1000;
const MAX_REFERENCE = 8192;
const limits = { message: 1024, calls: 8, window: 4096 };
const good = { agent: "test/1", methods: ["GET /it"], limits };
const echo = (request: unknown): unknown => request;

const opened: RawPeer[] = [];
const server = inMemory(handlersOf([method("GET /it")], { "GET /it": echo }), {
  limits: { bytesBeforePreamble: LIMIT },
});

async function connect(): Promise<RawPeer> {
  const peer = new RawPeer(await server.open());
  opened.push(peer);
  return peer;
}

afterEach(() => {
  for (const { duplex } of opened.splice(0)) duplex.destroy();
});

const helloFrame = (body: string): Buffer => encodeFrame({ kind: FRAME.HELLO, id: 0, body });
const FRAMES = Buffer.concat([
  helloFrame(JSON.stringify(good)),
  encodeFrame({ kind: FRAME.OPEN, id: 1, method: 0, body: '"answered"' }),
]);

/** Sends bytes in chunks of one size. */
function sendInChunks(peer: RawPeer, bytes: Buffer, size: number): void {
  for (let at = 0; at < bytes.length; at += size) peer.bytes(bytes.subarray(at, at + size));
}

describe("the preamble", () => {
  const greetings = [
    Buffer.alloc(0),
    Buffer.from("Last login: Mon\r\nWelcome to edge\n"),
    Buffer.from("\0sshrp and \0\0sshr, which are not a preamble"),
    Buffer.alloc(LIMIT, "x"),
  ];

  test.each(greetings.map((greeting) => [greeting.length, greeting] as const))(
    "is found after %i other bytes, however the chunks are cut",
    async (_, greeting) => {
      const bytes = Buffer.concat([greeting, PREAMBLE, FRAMES]);
      for (const size of [1, 2, 3, 7, 8, 9, 100, bytes.length]) {
        const peer = await connect();
        sendInChunks(peer, bytes, size);
        expect(await peer.status()).toMatchObject({ id: 1, code: 200, body: "answered" });
      }
    },
  );

  test("is found at every split point", async () => {
    const bytes = Buffer.concat([Buffer.from("motd\n"), PREAMBLE, FRAMES]);
    for (let at = 1; at < bytes.length - FRAMES.length + 20; at++) {
      const peer = await connect();
      peer.bytes(bytes.subarray(0, at)).bytes(bytes.subarray(at));
      expect(await peer.status()).toMatchObject({ code: 200 });
    }
  });

  test("may arrive before any frame", async () => {
    const peer = (await connect()).bytes(PREAMBLE);
    await peer.next(FRAME.HELLO);
    peer.bytes(FRAMES);
    expect(await peer.status()).toMatchObject({ code: 200 });
  });

  test.each([1, 50, 5000])(
    "is awaited for at most limits.bytesBeforePreamble of other bytes, in chunks of %i bytes, which the reason quotes",
    async (size) => {
      const peer = await connect();
      sendInChunks(peer, Buffer.alloc(LIMIT + 60, "HTTP/1.1 400 "), size);
      expect(await peer.reason()).toMatch(/^no sshrpc preamble in the first 1000 bytes; received instead: "H/);
    },
  );

  test.each([1, LIMIT + 1 + PREAMBLE.length])(
    "is refused after one byte too many, in chunks of %i bytes",
    async (size) => {
      const peer = await connect();
      sendInChunks(peer, Buffer.concat([Buffer.alloc(LIMIT + 1, "x"), PREAMBLE]), size);
      expect(await peer.reason()).toContain(`no sshrpc preamble in the first ${LIMIT} bytes`);
    },
  );

  test("of another version is refused with both versions", async () => {
    const peer = (await connect()).bytes(Buffer.from("\0sshrpc\x02"));
    expect(await peer.reason()).toBe("unsupported wire version 2; this side supports 1");
  });

  test("is announced as missing with the received bytes, without control characters", async () => {
    const served: RawServed = await serveRaw(echo, { limits: { helloTimeout: 20 } });
    served.peer.bytes(Buffer.from("\x1b[31mred\r\n"));
    expect(await served.peer.reason()).toBe(
      'no sshrpc preamble within 20 ms; received instead: "\\u001b[31mred\\r\\n"',
    );
  });
});

describe("HELLO", () => {
  /** Sends a HELLO and a call; resolves with the status of the call. */
  async function callAfter(hello: object): Promise<{ code: number }> {
    const peer = (await connect()).bytes(PREAMBLE).bytes(helloFrame(JSON.stringify(hello)));
    return peer.open(1, "1").status();
  }

  test("of a server has its program, its contract, no methods, and its limits", async () => {
    const peer = (await connect()).bytes(PREAMBLE);
    expect(await peer.remoteHello()).toEqual({
      agent: AGENT,
      api: { name: "test", version: "1.0.0", hash: "00" },
      methods: [],
      builtIn: [
        ...["GET /sshrpc/contract", "GET /sshrpc/methods", "GET /sshrpc/health", "GET /sshrpc/status"],
        ...["DELETE /sshrpc/connections", "DELETE /sshrpc/connections/{id}"],
      ],
      positions: true,
      ledger: { id: expect.stringMatching(/^[\w-]{22}$/), keeps: 600_000 },
      limits: { message: 4_194_304, calls: 1024, window: 262_144, connection: 16_777_216 },
    });
  });

  test("of a client lists its methods, then the built-in ones", async () => {
    const { client, peer } = await connectRaw({
      limits: { message: 5000, calls: 3, window: 700, connectionWindow: 900 },
    });
    expect(await peer.remoteHello()).toEqual({
      agent: AGENT,
      api: { name: "test", version: "1.0.0", hash: "00" },
      methods: ["GET /it", "GET /sshrpc/contract", "GET /sshrpc/methods"],
      positions: true,
      limits: { message: 5000, calls: 3, window: 700, connection: 900 },
    });
    await client.close();
  });

  test.each<[string, object]>([
    ["the contract", { ...good, api: { name: "notes", version: "1.0.0", hash: "ab" } }],
    ["no program", { methods: good.methods, limits }],
    [
      "unknown fields, and fields of another type",
      { ...good, agent: 7, more: 1, api: "x", items: "xml", positions: 1 },
    ],
    ["a program of 10,000 characters", { ...good, agent: "x".repeat(10_000) }],
    ["a window of 0", { ...good, limits: { ...limits, window: 0 } }],
    ["no window, which is 0", { ...good, limits: { message: 1024, calls: 8 } }],
    ["as many methods as an OPEN can refer to", { ...good, methods: ["GET /it", ...Array(65_535).fill("")] }],
    ["a method of the longest length", { ...good, methods: ["GET /it", "x".repeat(MAX_REFERENCE)] }],
  ])("may have %s", async (_, hello) => {
    expect(await callAfter(hello)).toMatchObject({ code: 200 });
  });

  test.each([
    ["invalid JSON", "{", "HELLO: invalid JSON"],
    ["a list", "[]", "HELLO: not an object"],
    ["too many values", `{"x":[${"{},".repeat(70_000)}{}]}`, "HELLO: more than 66536 values or 100 levels"],
    ["too many levels", `{"x":${"[".repeat(200)}`, "HELLO: more than 66536 values or 100 levels"],
    ["null", "null", "HELLO: not an object"],
    ["no methods", JSON.stringify({ limits }), "methods must be a list"],
    ["a method that is not a string", JSON.stringify({ ...good, methods: [1] }), "methods must be a list"],
    ["too many methods", JSON.stringify({ ...good, methods: Array(65_537).fill("") }), "at most 65536 strings"],
    [
      "a method that is too long",
      JSON.stringify({ ...good, methods: ["x".repeat(MAX_REFERENCE + 1)] }),
      "8192 characters",
    ],
    ["no limits", JSON.stringify({ methods: [] }), "limits.message must be an integer from 1"],
    ["limits that are a list", JSON.stringify({ ...good, limits: [] }), "limits.message"],
    ["a limit of 0", JSON.stringify({ ...good, limits: { ...limits, calls: 0 } }), "limits.calls"],
    ["a window below 0", JSON.stringify({ ...good, limits: { ...limits, window: -1 } }), "from 0 to 2147483647"],
    ["a fraction", JSON.stringify({ ...good, limits: { ...limits, message: 1.5 } }), "limits.message"],
    ["a string", JSON.stringify({ ...good, limits: { ...limits, calls: "8" } }), "limits.calls"],
  ])("with %s ends the connection with a reason that names the field", async (_, text, reason) => {
    const peer = (await connect()).bytes(PREAMBLE).bytes(helloFrame(text));
    expect(await peer.reason()).toContain(reason);
  });
});

describe("the reason of a CLOSE", () => {
  /** The message of a call that a CLOSE with this body has ended. */
  async function messageAfter(body: string): Promise<string> {
    const { client, peer } = await connectRaw({ retries: 0 });
    const call = client.it.get();
    await peer.next(FRAME.OPEN);
    peer.send({ kind: FRAME.CLOSE, id: 0, body });
    const { message } = await failure<Error>(call);
    await client.close();
    return message;
  }
  const PREFIX = "the server at memory closed the connection: ";

  test("is its message, cut to 1,000 characters", async () => {
    expect(await messageAfter('{"message":"done"}')).toBe(`${PREFIX}done`);
    expect(await messageAfter(JSON.stringify({ message: "x".repeat(5000) }))).toHaveLength(PREFIX.length + 1000);
  });

  test.each(["", "{", "[]", "null", "{}", '{"message":1}'])("with the body %j reads as no reason", async (body) => {
    expect(await messageAfter(body)).toBe(`${PREFIX}no reason given`);
  });
});
