import { RpcError } from "sshrpc/server";
import { afterEach, expect, test } from "vitest";
import { FLAG, FRAME, PREAMBLE } from "../../../support/raw-peer.js";
import { connectRaw, type RawServed, serveRaw } from "../support/server.js";
import { failure, until, within } from "../support/wait.js";

let served: RawServed | undefined;

/** Serves one method to a client of raw frames. */
async function serve(handler: (request?: unknown) => unknown, options: object = {}): Promise<RawServed> {
  served = await serveRaw(handler, options);
  return served;
}

afterEach(async () => {
  served?.peer.duplex.destroy();
  await within("the server's end", served?.server.close() ?? Promise.resolve());
  served = undefined;
});

test("a request over the limit of the caller's own HELLO is refused, and its handler never called", async () => {
  let calls = 0;
  const { peer } = await serve(() => ++calls);
  peer.hello(["GET /it"], { message: 100 }).open(1, JSON.stringify({ text: "x".repeat(300) }));
  const { payload, flags } = await peer.next(FRAME.STATUS);
  expect([payload.readUInt16BE(0), flags]).toEqual([413, FLAG.REFUSED]);
  expect(`${payload.subarray(2)}`).toContain("the request has 311 bytes; the limit is 100 (limits.message)");
  peer.open(1, "{}");
  expect(await peer.status()).toMatchObject({ code: 200, body: 1 });
});

test("a request that fits the limit of the callee alone is refused before too many calls are", async () => {
  const { peer } = await serve(() => new Promise(() => undefined), { limits: { message: 100, calls: 1 } });
  peer
    .hello(["GET /it"])
    .open(1, "{}")
    .open(3, JSON.stringify("x".repeat(200)));
  expect(await peer.status()).toMatchObject({ id: 3, code: 413 });
});

test("an error of up to 8 KiB arrives under any limits, so that a 413 may be longer than the message that it is about", async () => {
  const { client, peer } = await connectRaw({ limits: { message: 64 }, remote: { message: 64 } });
  for (const [size, expected] of [
    [200, { status: "MESSAGE_TOO_LARGE", message: "x".repeat(200) }],
    [8190 - '{"message":""}'.length, { status: "MESSAGE_TOO_LARGE", message: expect.stringMatching(/^x+$/) }],
    [8192, { status: "MESSAGE_TOO_LARGE", message: expect.stringContaining("the limit is 8192") }],
  ] as const) {
    const call = failure(client.it.get({}));
    const { id } = await peer.next(FRAME.OPEN);
    peer.answer(id, 413, JSON.stringify({ message: "x".repeat(size) }));
    expect(await call).toMatchObject(expected);
  }
  await client.close();
});

test("a server sends errors of up to 8 KiB under any limits", async () => {
  const { peer } = await serve((request) => {
    const { size } = request as { size?: number };
    if (size === undefined) return "x".repeat(50);
    throw new RpcError("CONFLICT", "x".repeat(size - '{"message":""}'.length));
  });
  peer.hello(["GET /it"], { message: 16 });
  peer.open(1, '{"size":8192}').open(3, '{"size":8193}').open(5, "{}");
  const answers = [await peer.status(), await peer.status(), await peer.status()];
  const message = (id: number): unknown => answers.find((answer) => answer.id === id)?.body.message;
  expect(message(1)).toMatch(/^x+$/);
  expect(message(3)).toBe("the error (CONFLICT) has 8193 bytes; the limit is 8192 (limits.message)");
  expect(message(5)).toBe("the response has 52 bytes; the limit is 16 (limits.message)");
});

test("malformed metadata, and an index that HELLO does not list, close the connection with the reason", async () => {
  for (const [metadata, reason] of [
    ["{", "metadata: invalid JSON"],
    ["{}", "metadata: not a list"],
    ['[["a"]]', "metadata: not a list of pairs"],
    ['[["A","b"]]', "metadata: a malformed pair"],
    ['[["a",1]]', "metadata: a malformed pair"],
  ] as const) {
    const { peer } = await serve(() => 1);
    peer.hello(["GET /it"]).open(1, "{}", { metadata });
    expect(await peer.reason()).toBe(reason);
  }
  const { peer } = await serve(() => 1);
  peer.hello(["GET /it"]).open(1, "{}", { method: 1 });
  expect(await peer.reason()).toBe("OPEN of method 1, which HELLO does not list");
});

test("an unknown value of `items` is ignored", async () => {
  const { peer } = await serve(() => 1);
  const body = JSON.stringify({ items: "cbor", methods: ["GET /it"], limits: { message: 1000, calls: 1 } });
  peer.bytes(PREAMBLE).send({ kind: FRAME.HELLO, id: 0, body }).open(1, "{}");
  expect(await peer.status()).toMatchObject({ code: 200, body: 1 });
});

test.each(["", "{", "[]", '{"message":1}'])("a DRAIN and a CLOSE with the body %j have no reason", async (body) => {
  const { client, peer } = await connectRaw();
  const call = failure(client.it.get({}));
  await peer.next(FRAME.OPEN);
  peer.send({ kind: FRAME.DRAIN, id: 0, body });
  await until("the drain", () => client.state !== "ready");
  peer.send({ kind: FRAME.CLOSE, id: 0, body });
  expect(await call).toMatchObject({ status: "UNAVAILABLE", message: expect.stringContaining("no reason given") });
  await client.close();
});
