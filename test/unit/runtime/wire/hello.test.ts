import { duplexPair } from "sshrpc/testing";
import { describe, expect, test } from "vitest";
import { Connection } from "../../../../runtime/src/wire/connection.js";
import { parseHello } from "../../../../runtime/src/wire/hello.js";
import { DEFAULT_LIMITS } from "../../../../runtime/src/wire/limits.js";
import { encodeFrame, FRAME, PREAMBLE } from "../../../support/raw-peer.js";

// What a HELLO may hold, and with which of it a connection ends, is in handshake.test.ts. Here: how its fields are read, of which
// the program and the contract have no effect that a peer could see.

const limits = { message: 1024, calls: 8, window: 4096 };
const api = { name: "notes", version: "1.0.0", hash: "ab" };
const good = { agent: "test/1", methods: ["GET /a"], limits };

const parse = (hello: object) => parseHello(JSON.stringify(hello));

describe("the fields of a HELLO", () => {
  test.each([
    ["without contract and items", good, good],
    ["with a contract", { ...good, api }, { ...good, api }],
    ["with items of bytes", { ...good, items: "bytes" }, { ...good, items: "bytes" }],
    ["with items of JSON", { ...good, items: "json" }, { ...good, items: "json" }],
    ["without a program", { methods: good.methods, limits }, { ...good, agent: "unknown" }],
    ["with a program that is a number", { ...good, agent: 7 }, { ...good, agent: "unknown" }],
    ["with unknown fields", { ...good, more: 1, limits: { ...limits, more: 1 } }, good],
    ["with a contract that is a string", { ...good, api: "x" }, good],
    ["with an unknown kind of items", { ...good, items: "xml" }, good],
    [
      "with a window of 0",
      { ...good, limits: { ...limits, window: 0 } },
      { ...good, limits: { ...limits, window: 0 } },
    ],
    [
      "without a window, which is 0",
      { ...good, limits: { message: 1024, calls: 8 } },
      { ...good, limits: { ...limits, window: 0 } },
    ],
    [
      "with the largest window",
      { ...good, limits: { ...limits, window: 2_147_483_647 } },
      { ...good, limits: { ...limits, window: 2_147_483_647 } },
    ],
  ])("are read %s", (_, sent, read) => {
    expect(parse(sent)).toEqual(read);
  });

  test.each(["name", "version", "hash"] as const)("have no contract where it lacks its %s", (field) => {
    const { [field]: _, ...rest } = api;
    expect(parse({ ...good, api: rest })).toEqual(good);
    expect(parse({ ...good, api: { ...api, [field]: 1 } })).toEqual(good);
  });

  test("have a program of at most 200 characters, without control characters", () => {
    expect(parse({ ...good, agent: "x".repeat(10_000) }).agent).toBe("x".repeat(200));
    expect(parse({ ...good, agent: "a\u001b[31m" }).agent).toBe(String.raw`a\u{1b}[31m`);
  });

  test("refuse a window above that of a 31-bit number", () => {
    for (const connection of [0, 2_147_483_648, "8"]) {
      expect(() => parse({ ...good, limits: { ...limits, connection } })).toThrow(
        "HELLO: limits.connection must be an integer from 1 to 2147483647",
      );
    }
    expect(() => parse({ ...good, limits: { ...limits, window: 2_147_483_648 } })).toThrow(
      "HELLO: limits.window must be an integer from 0 to 2147483647",
    );
  });
});

test("a side that has not announced positions closes the connection at one", async () => {
  const [near, far] = duplexPair();
  const hello = { agent: "test", methods: [] };
  const connection = new Connection(near, { role: "dialer", hello, limits: DEFAULT_LIMITS, peerName: "the server" });
  far.resume();
  far.write(PREAMBLE);
  const limits = JSON.stringify({ methods: [], limits: { message: 1024, calls: 8 } });
  far.write(encodeFrame({ kind: FRAME.HELLO, id: 0, body: limits }));
  await connection.ready;
  far.write(encodeFrame({ kind: FRAME.ITEM, id: 1, position: "7", body: "1" }));
  expect(await connection.closed).toMatchObject({
    status: "UNAVAILABLE",
    message: expect.stringContaining("ITEM with a position, which the HELLO of this side does not announce"),
  });
});
