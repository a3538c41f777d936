import type { CallOptions, ParentCall } from "sshrpc/client";
import type { Method } from "sshrpc/generated";
import { afterEach, expect, test } from "vitest";
import { FLAG, FRAME, type RawPeer } from "../../../../support/raw-peer.js";
import { any, connectRaw, type ItClient } from "../../support/server.js";
import { failure } from "../../support/wait.js";

const MAX_TIMEOUT = 2 ** 31 - 1;
const STREAM: Partial<Method> = { kind: "server-streaming", responseItem: any };

let connected: { client: ItClient; peer: RawPeer } | undefined;

afterEach(async () => {
  await connected?.client.close();
  connected = undefined;
});

const parent = (left: number) => ({ signal: new AbortController().signal, deadline: Date.now() + left });

/** The timeout and the metadata that a call inside another one sends. */
async function sent(options: CallOptions, outer: ParentCall, method: Partial<Method> = {}) {
  connected ??= await connectRaw({ method });
  const { client, peer } = connected;
  const call = client.it.get({}, { ...options, parent: outer }) as Promise<unknown> & {
    readonly response?: Promise<unknown>;
  };
  const { id, flags, payload } = await peer.next(FRAME.OPEN);
  peer.answer(id);
  await (call.response ?? call);
  const metadata = (flags & FLAG.METADATA) === 0 ? "[]" : payload.toString("utf8", 14, 14 + payload.readUInt32BE(10));
  return { timeout: payload.readUInt32BE(2), metadata: Object.fromEntries(JSON.parse(metadata)) };
}

test("an inner call has the remaining time, or its own timeout if that is shorter", async () => {
  const { timeout } = await sent({}, parent(5000));
  expect(timeout).toBeGreaterThan(1000);
  expect(timeout).toBeLessThanOrEqual(5000);
  const shorter = await sent({ timeout: 2000 }, parent(50_000));
  expect(shorter.timeout).toBeGreaterThan(1000);
  expect(shorter.timeout).toBeLessThanOrEqual(2000);
});

test("an inner call has the default timeout of its method if that is shorter", async () => {
  const { timeout } = await sent({}, parent(50_000), { timeout: 3000 });
  expect(timeout).toBeGreaterThan(1000);
  expect(timeout).toBeLessThanOrEqual(3000);
});

test("a deadline beyond the maximum timer delay does not limit an inner call", async () => {
  for (const left of [MAX_TIMEOUT * 2, Number.POSITIVE_INFINITY]) {
    expect((await sent({}, parent(left), STREAM)).timeout).toBe(0);
  }
  const { timeout } = await sent({ timeout: 5000 }, parent(MAX_TIMEOUT * 2), STREAM);
  expect(timeout).toBeGreaterThan(1000);
  expect(timeout).toBeLessThanOrEqual(5000);
});

test("an inner call inherits no header", async () => {
  const metadata = new Map([["authorization", ["secret"]]]);
  expect((await sent({}, { ...parent(50_000), metadata } as ParentCall)).metadata).toEqual({});
});

test("an invalid signal of an inner call is refused", async () => {
  connected = await connectRaw();
  const options = { signal: {} as AbortSignal, parent: parent(50_000) };
  expect(await failure(connected.client.it.get({}, options))).toMatchObject({
    status: "BAD_REQUEST",
    message: expect.stringContaining("option signal: invalid type object; it takes an AbortSignal"),
  });
});

test("an inner call is cancelled by the outer one and by its own signal", async () => {
  connected = await connectRaw();
  const { client, peer } = connected;
  for (const which of ["own", "outer"] as const) {
    const [outer, own] = [new AbortController(), new AbortController()];
    const call = client.it.get({}, { signal: own.signal, parent: { ...parent(50_000), signal: outer.signal } });
    const { id } = await peer.next(FRAME.OPEN);
    (which === "own" ? own : outer).abort();
    expect(await failure(call)).toMatchObject({ status: "CANCELLED" });
    await peer.next(FRAME.CANCEL);
    peer.answer(id, 499);
  }
  const outer = new AbortController();
  outer.abort();
  const options = { parent: { ...parent(50_000), signal: outer.signal } };
  expect(await failure(client.it.get({}, options))).toMatchObject({ status: "CANCELLED" });
});

test("a call whose signal times out ends with DEADLINE_EXCEEDED, and one that is aborted with CANCELLED", async () => {
  connected = await connectRaw();
  const { client, peer } = connected;
  const call = client.it.get({}, { signal: AbortSignal.timeout(20) });
  const { id } = await peer.next(FRAME.OPEN);
  expect(await failure(call)).toMatchObject({ status: "DEADLINE_EXCEEDED", cause: { name: "TimeoutError" } });
  await peer.next(FRAME.CANCEL);
  peer.answer(id, 499);
  const late = AbortSignal.abort(new DOMException("late", "TimeoutError"));
  expect(await failure(client.it.get({}, { signal: late }))).toMatchObject({ status: "DEADLINE_EXCEEDED" });
  expect(await failure(client.it.get({}, { signal: AbortSignal.abort() }))).toMatchObject({ status: "CANCELLED" });
});
