import { afterEach, expect, test } from "vitest";
import { FLAG, FRAME } from "../../../support/raw-peer.js";
import { any, type RawServed, serveRaw } from "../support/server.js";
import { within } from "../support/wait.js";

let served: RawServed | undefined;

afterEach(async () => {
  served?.peer.duplex.destroy();
  await within("the server's end", served?.server.close() ?? Promise.resolve());
});

/** A text of as many arrays within each other. */
const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;

/** Opens a call with this request, as bytes of the wire. */
async function call(body: string, limits: object = {}) {
  served = await serveRaw(() => "done", { limits });
  served.peer.hello(["GET /it"], { message: 4 * 1024 * 1024 }).send({ kind: FRAME.OPEN, id: 1, method: 0, body });
  return served.peer.status();
}

test.each([
  ["100 levels", `{"x":${nested(99)}}`],
  ["brackets in a text", JSON.stringify({ x: '["\\[{'.repeat(500) })],
  ["many short lists", JSON.stringify(Array(400).fill([[]]))],
])("accepts a request with %s", async (_, body) => {
  expect(await call(body)).toMatchObject({ code: 200 });
});

test.each([101, 5_000, 1_000_000])("refuses a request with %i levels as a fault of the caller", async (depth) => {
  expect(await call(nested(depth))).toMatchObject({
    code: 400,
    body: { message: "the message is nested more than 100 levels deep (limits.depth)" },
  });
  expect(served?.log.lines.filter(({ level }) => level === "error")).toEqual([]);
});

test.each([
  "true,",
  "null,",
  '"text",',
  "-1e9,",
  '{"key":[]},',
  // Strings over the 64 bytes that are scanned one by one, also with quotes and brackets of their own.
  `"${"x".repeat(100)}",`,
  `${JSON.stringify(`${"x".repeat(100)}"]]\\`)},`,
])("counts the levels of a request also where each contains %s", async (value) => {
  const levels = (count: number) => `${`[${value}`.repeat(count)}1${"]".repeat(count)}`;
  expect(await call(levels(98))).toMatchObject({ code: 200 });
  served?.peer.duplex.destroy();
  expect(await call(levels(101))).toMatchObject({ code: 400 });
});

test("refuses a request with more values than the limit", async () => {
  expect(await call(`[${"{},".repeat(600_000)}{}]`)).toMatchObject({
    code: 413,
    body: { message: "the message has more than 500000 values (limits.values)" },
  });
});

test("respects both limits", async () => {
  expect(await call(nested(4), { depth: 3 })).toMatchObject({ code: 400 });
  served?.peer.duplex.destroy();
  expect(await call(nested(3), { depth: 3 })).toMatchObject({ code: 200 });
  served?.peer.duplex.destroy();
  expect(await call("[1,2,3]", { values: 3 })).toMatchObject({ code: 413 });
  served?.peer.duplex.destroy();
  expect(await call("[1,2,3]", { values: 4 })).toMatchObject({ code: 200 });
});

test("refuses an item of a request stream that is nested too deep", async () => {
  const method = { kind: "client-streaming", requestItem: any, idempotent: false } as const;
  served = await serveRaw(
    async (_, items) => {
      for await (const _item of items as unknown as AsyncIterable<unknown>);
    },
    { method },
  );
  const { peer } = served;
  peer
    .hello(["GET /it"], { message: 4 * 1024 * 1024 })
    .send({ kind: FRAME.OPEN, id: 1, method: 0, flags: FLAG.STREAM });
  peer.send({ kind: FRAME.ITEM, id: 1, body: nested(101) });
  expect(await peer.status()).toMatchObject({ code: 400 });
});
