import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rounds } from "../../../rounds.js";
import { FRAME, type RawPeer, type ReceivedFrame } from "../../../support/raw-peer.js";
import { connectRaw, type RawServed, serveRaw } from "../support/server.js";
import { failure, until } from "../support/wait.js";
import { Random } from "../wire/random.js";

const PROTO = 'invalid JSON: the key "__proto__", and "constructor" with a "prototype", are forbidden';

let served: RawServed;
/** What the handler received last. */
let received: unknown;
let response: unknown;

beforeAll(async () => {
  served = await serveRaw((request) => {
    received = request;
    return response;
  });
  served.peer.hello(["GET /it"]);
});

afterAll(async () => {
  served.peer.duplex.destroy();
  await served.server.close();
});

/** The status of a call whose request is this text. */
async function send(text: string) {
  received = undefined;
  return served.peer.open(1, text).status();
}

/** What a handler receives for a request that is this text. */
async function decode(text: string): Promise<unknown> {
  response = null;
  expect(await send(text)).toMatchObject({ code: 200 });
  return received;
}

/** The text of the response for what a handler returns. */
async function encode(value: unknown): Promise<string> {
  response = value;
  served.peer.open(1, "1");
  return (await served.peer.next(FRAME.STATUS)).payload.toString("utf8", 2);
}

describe("decoding JSON", () => {
  test("reads text beyond ASCII", async () => {
    expect(await decode('{"a":"☺😈"}')).toEqual({ a: "☺😈" });
  });

  test.each(["x", "é", "☺", "😈", "x☺"])("reads a long text of %j", async (characters) => {
    const value = { a: characters.repeat(5000) };
    expect(await decode(JSON.stringify(value))).toEqual(value);
  });

  test("reads text behind a byte order mark", async () => {
    expect(await decode('\ufeff{"a":1}')).toEqual({ a: 1 });
  });

  test.each(["{", "{'a':1}", "[1,]", "NaN", "undefined", "01", '"\n"', "{} {}"])(
    "rejects %j as BAD_REQUEST",
    async (text) => {
      const { code, body } = await send(text);
      expect(code).toBe(400);
      expect(body.message).toMatch(/^invalid JSON at line 1, column \d+: unexpected (token|end)/);
    },
  );

  // JSON allows each letter of the key as itself or as an escape, in either case.
  test.each([
    '{"__proto__":{"admin":true}}',
    '{"__proto__" \n\t: {"admin":true}}',
    '{"\\u005f\\u005fproto\\u005f\\u005f":{"admin":true}}',
    '{"\\u005F_proto_\\u005F":{"admin":true}}',
    '{"__\\u0070\\u0072\\u006f\\u0074\\u006F__":{"admin":true}}',
    '{"a":[{"b":{"__proto__":null}}]}',
    `{"a":"${"x".repeat(10_000)}","__proto__":null}`,
    '{"constructor":{"prototype":{"admin":true}}}',
    '{"\\u0063onstructor":{"prototyp\\u0065":{"admin":true}}}',
  ])("rejects a key that could change a prototype: %s", async (text) => {
    expect(await send(text)).toMatchObject({ code: 400, body: { message: PROTO } });
    expect(received).toBeUndefined();
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  test("accepts these words as values, and a harmless constructor as a key", async () => {
    expect(await decode('{"a":"__proto__","constructor":"Gaudí"}')).toEqual({ a: "__proto__", constructor: "Gaudí" });
  });

  test("does not overflow the stack on deep nesting", async () => {
    response = null;
    expect((await send(`${"[".repeat(200_000)}${"]".repeat(200_000)}`)).code).toBeLessThan(500);
  });

  test("reads numbers as JavaScript does: 2^53+1 becomes 2^53, which is not a safe integer", async () => {
    expect(Number.isSafeInteger(await decode("9007199254740993"))).toBe(false);
    expect(await decode("1e400")).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("encoding JSON", () => {
  test("writes undefined as null, and rejects values that JSON cannot represent", async () => {
    expect(await encode(undefined)).toBe("null");
    const cycle: unknown[] = [];
    cycle.push(cycle);
    for (const value of [{ big: 1n }, cycle]) {
      response = value;
      expect(await send("1")).toMatchObject({ code: 500 });
    }
    const { client } = await connectRaw();
    expect(await failure(client.it.get({ big: 1n }))).toMatchObject({ status: "BAD_REQUEST" });
    expect(await failure(client.it.get(cycle))).toMatchObject({ status: "BAD_REQUEST" });
    await client.close();
  });

  test("round-trips half a surrogate pair", async () => {
    expect(JSON.parse(await encode("\ud83d"))).toBe("\ud83d");
    expect(await decode(await encode("\ud83d"))).toBe("\ud83d");
  });
});

describe("the error of invalid JSON", () => {
  const GOOD = '{"a":[1,-2.5e+3,true,null,"x\\u00e9\\n"],"b":{},"c":[],"d":{"e":"f"}}';

  function isJson(text: string): boolean {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  }

  /** The answers to many requests, in their order. */
  async function answers(peer: RawPeer, texts: readonly string[]): Promise<ReceivedFrame[]> {
    const before = peer.frames.length;
    peer.send(...texts.map((body, index) => ({ kind: FRAME.OPEN, id: 1 + 2 * index, method: 0, body })));
    await until("the answers", () => peer.frames.length === before + texts.length);
    return peer.frames.slice(before).sort((a, b) => a.id - b.id);
  }

  test("comes exactly where `JSON.parse` fails, and has a line and a column", async () => {
    const { peer, server } = await serveRaw(() => null);
    await peer.hello(["GET /it"]).next(FRAME.HELLO);
    const random = new Random(7);
    const next = (limit: number): number => random.below(limit);
    const characters = '{}[],:"\\ 0123eE+-.truefalsn\n\u0001x';
    const change = (): string => {
      const text = [...GOOD];
      for (let changes = next(3); changes >= 0; changes--) {
        const character = characters[next(characters.length)] as string;
        text.splice(next(text.length), next(2), ...(next(2) ? [character] : []));
      }
      return text.join("");
    };
    const wrong: unknown[] = [];
    for (let round = 0; round < rounds(40); round++) {
      const texts = Array.from({ length: 500 }, change);
      for (const [index, { payload }] of (await answers(peer, texts)).entries()) {
        const text = texts[index] as string;
        const isAccepted = payload.readUInt16BE(0) === 200;
        const answer = payload.toString("utf8", 2);
        const isDescribed = /^\{"message":"invalid JSON at line \d+, column \d+: unexpected /.test(answer);
        if (isAccepted !== isJson(text) || isAccepted === isDescribed) wrong.push([text, answer]);
      }
    }
    expect(wrong).toEqual([]);
    peer.duplex.destroy();
    await server.close();
  });

  test.each([
    ['{"a":1,}', 1, 8],
    ["{'a':1}", 1, 2],
    ['{"a" 1}', 1, 6],
    ["[1 2]", 1, 4],
    ["[01]", 1, 3],
    ['"a\nb"', 1, 3],
    ['"\\x"', 1, 3],
    ['{"a":', 1, 6],
    ["1 2", 1, 3],
    ["nul", 1, 1],
    ['{\n  "a": 1,\n}', 3, 1],
  ])("of %j is at line %i, column %i", async (text, line, column) => {
    const { body } = await send(text);
    expect(body.message).toContain(`invalid JSON at line ${line}, column ${column}: unexpected `);
  });

  test.each([
    ["nope", 'invalid JSON at line 1, column 1: unexpected token "nope"'],
    ['{\n  "a": 1,\n}', 'invalid JSON at line 3, column 1: unexpected token "}"'],
    ['{"a":', "invalid JSON at line 1, column 6: unexpected end of input"],
    [`[${"1,".repeat(150_000)}`, "invalid JSON"],
  ])("quotes what is unexpected, and has no position in a long text (case %#)", async (text, message) => {
    expect((await send(text)).body.message).toBe(message);
  });

  test("does not come for a long text that is valid", async () => {
    expect(await decode(GOOD)).toEqual(JSON.parse(GOOD));
    expect(await decode("1".repeat(300_000))).toBe(Number.POSITIVE_INFINITY);
  });
});
