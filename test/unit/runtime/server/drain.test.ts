import { connectApi } from "sshrpc/generated";
import type { Context } from "sshrpc/server";
import { inMemory } from "sshrpc/testing";
import { describe, expect, test } from "vitest";
import { FLAG, FRAME, RawPeer } from "../../../support/raw-peer.js";
import { connectTo, DOWN, gate, Host } from "../support/host.js";
import {
  type AnyHandler,
  any,
  apiOf,
  connectRaw,
  handlersOf,
  type ItClient,
  method,
  serveRaw,
  transportTo,
} from "../support/server.js";
import { failure, until, within } from "../support/wait.js";

/** Waits until its signal aborts, or until it is let. */
function waiting() {
  const { opened, open } = gate();
  const reasons: unknown[] = [];
  let finished = 0;
  const handler = async (request: unknown, { signal }: Context): Promise<unknown> => {
    try {
      await Promise.race([opened, new Promise((resolve) => signal.addEventListener("abort", resolve))]);
      if (signal.aborted) reasons.push(signal.reason);
      return request;
    } finally {
      finished++;
    }
  };
  return { handler, open, reasons, finished: () => finished };
}

describe("a server that closes with a grace period", () => {
  test("asks clients to drain, refuses new calls as not started, and lets running calls finish", async () => {
    const { handler, open } = waiting();
    const { server, peer } = await serveRaw(handler);
    peer.hello(["GET /it"]).open(1, '"first"');
    await until("the handler", () => server.calls === 1);
    const closed = server.close({ grace: 20_000 });
    expect(JSON.parse((await peer.next(FRAME.DRAIN)).payload.toString())).toEqual({ message: "the server is closing" });
    peer.open(3);
    const refusal = await peer.next(FRAME.STATUS);
    expect(refusal).toMatchObject({ id: 3, flags: FLAG.REFUSED });
    expect(refusal.payload.readUInt16BE(0)).toBe(503);
    open();
    const answer = await peer.next(FRAME.STATUS);
    expect(answer).toMatchObject({ id: 1, flags: 0 });
    expect(answer.payload.toString("utf8", 2)).toBe('"first"');
    peer.duplex.destroy();
    await within("close", closed);
  });

  test("asks a client to drain once, however often it is closed", async () => {
    const { handler, open } = waiting();
    const { server, peer } = await serveRaw(handler);
    peer.hello(["GET /it"]).open(1, "1");
    await until("the handler", () => server.calls === 1);
    const closed = [server.close({ grace: 20_000 }), server.close({ grace: 20_000 })];
    await peer.next(FRAME.DRAIN);
    open();
    await peer.next(FRAME.STATUS);
    peer.duplex.destroy();
    await within("close", Promise.all(closed));
    expect(peer.frames.filter(({ kind }) => kind === FRAME.DRAIN)).toHaveLength(1);
  });

  test("accepts a call with a request stream that crossed the DRAIN frame, because its items cannot be sent again", async () => {
    const streaming = { kind: "client-streaming", requestItem: any } as const;
    const count = async (_: unknown, items: AsyncIterable<unknown>): Promise<number> => {
      let taken = 0;
      for await (const _item of items) taken++;
      return taken;
    };
    const { server, peer } = await serveRaw(count as unknown as AnyHandler, { method: streaming });
    peer.hello(["GET /it"]);
    await until("its hello", () => server.clients.length === 1);
    const closed = server.close({ grace: 20_000 });
    await peer.next(FRAME.DRAIN);
    peer.open(1, "{}", { flags: FLAG.STREAM });
    peer.send(
      { kind: FRAME.ITEM, id: 1, body: "7" },
      { kind: FRAME.ITEM, id: 1, body: "8" },
      { kind: FRAME.END, id: 1 },
    );
    expect((await peer.next(FRAME.STATUS)).payload.toString("utf8", 2)).toBe("2");
    peer.duplex.destroy();
    await within("close", closed);
  });

  test("sends DRAIN even if the limits leave no room for the reason", async () => {
    const limits = { message: 2, metadata: 1 };
    const { handler, open } = waiting();
    const it = method("GET /it");
    const server = inMemory(handlersOf([it], { [it.id]: handler }), { limits });
    const client = await connectApi<ItClient>(apiOf(it), server, { limits, retries: 0, reconnect: false });
    const call = client.it.get.safe();
    await until("the handler", () => server.calls === 1);
    const closed = server.close({ grace: 20_000 });
    await until("the news", () => client.state === "draining");
    open();
    expect(await within("the answer", call)).toMatchObject({ ok: true });
    await within("close", closed);
    await client.close();
  });

  test("ends running calls with UNAVAILABLE and aborts their signals when the grace is over", async () => {
    const { handler, reasons, finished } = waiting();
    const { server, peer } = await serveRaw(handler);
    peer.hello(["GET /it"]).open(1);
    await until("the handler", () => server.calls === 1);
    await within("close", server.close({ grace: 10 }));
    const status = await peer.next(FRAME.STATUS);
    // It did begin.
    expect(status).toMatchObject({ id: 1, flags: 0 });
    expect(status.payload.readUInt16BE(0)).toBe(503);
    expect(reasons).toEqual([expect.objectContaining({ status: "UNAVAILABLE", message: "the server is closing" })]);
    await until("the handler's end", () => finished() === 1);
    expect(peer.frames.at(-1)).toMatchObject({ kind: FRAME.CLOSE, flags: FLAG.REFUSED });
  });

  test("stops waiting when it is closed again without a grace", async () => {
    const { handler } = waiting();
    const { server, peer } = await serveRaw(handler);
    peer.hello(["GET /it"]).open(1);
    await until("the handler", () => server.calls === 1);
    const first = server.close({ grace: 1_000_000 });
    await within("the second close", server.close());
    await within("the first close", first);
  });

  test("does not wait if no call runs and the client disconnects", async () => {
    const host = new Host();
    const client = await connectTo(host);
    host.down = DOWN;
    await within("close", host.server.close({ grace: 1_000_000 }));
    expect(client.state).toBe("connecting");
    await client.close();
  });

  test("refuses a client that connects meanwhile", async () => {
    const { handler, open } = waiting();
    const host = new Host(handler);
    const client = await connectTo(host);
    const running = client.it.store("runs");
    await until("the handler", () => host.requests.length === 1);
    const closed = host.server.close({ grace: 20_000 });
    expect(await failure(connectTo(host))).toMatchObject({ status: "UNAVAILABLE" });
    open();
    expect(await within("the running call", running)).toBe("runs");
    host.down = DOWN;
    await within("close", closed);
    await client.close();
  });

  test.each([-1, Number.NaN, 2 ** 31])("refuses a grace of %d", async (grace) => {
    const { server } = await serveRaw(() => null);
    expect(await failure<Error>(server.close({ grace }))).toMatchObject({
      message: expect.stringContaining("grace: "),
    });
    await server.close();
  });
});

describe("a client whose server drains", () => {
  test("lets running calls finish on the old connection, and sends new ones on the next", async () => {
    const { handler, open } = waiting();
    const host = new Host(handler);
    const client = await connectTo(host);
    const states: string[] = [];
    client.on("state", (state) => states.push(state));
    const old = client.it.store("old");
    await until("the handler", () => host.requests.length === 1);
    const draining = host.server.close({ grace: 20_000 });
    host.restart();
    const next = client.it.store("new");
    await until("the new server's handler", () => host.requests.length === 2);
    expect(client.state).toBe("ready");
    open();
    expect(await within("both", Promise.all([old, next]))).toEqual(["old", "new"]);
    await within("the old server's end", draining);
    expect(states).toEqual(["draining", "ready"]);
    await client.close();
  });

  test.each([
    ["refused", { kind: FRAME.STATUS, flags: FLAG.REFUSED, code: 503 }],
    ["certainly never began before it closed", { kind: FRAME.CLOSE, flags: FLAG.REFUSED, id: 0 }],
  ] as const)("retries a call that the server %s, regardless of its method", async (_, ending) => {
    const peers: RawPeer[] = [];
    const transport = transportTo((far) => peers.push(new RawPeer(far).hello()));
    const api = apiOf(method("GET /it", { idempotent: false }));
    const client = await connectApi<ItClient>(api, transport, { reconnect: { minDelay: 1 } });
    const call = client.it.get("once");
    const { id } = await (peers[0] as RawPeer).next(FRAME.OPEN);
    peers[0]?.send({ kind: FRAME.DRAIN, id: 0, body: "{}" }, { id, body: '{"message":"restart"}', ...ending });
    const next = await until("the next connection", () => peers[1]);
    next.answer((await next.next(FRAME.OPEN)).id, 200, "1");
    expect(await within("the answer", call)).toBe(1);
    await client.close();
  });

  test("does not retry a call that the server may have started before it closed", async () => {
    const { client, peer } = await connectRaw({ method: { idempotent: false }, reconnect: { minDelay: 1 } });
    const call = client.it.get("once");
    await peer.next(FRAME.OPEN);
    peer.send({ kind: FRAME.CLOSE, id: 0, body: '{"message":"restart"}' });
    expect(await failure(call)).toMatchObject({ status: "UNAVAILABLE", message: expect.stringContaining("restart") });
    await client.close();
  });

  test("closes the old connection once its last call has ended", async () => {
    const { client, peer } = await connectRaw();
    const call = client.it.get("runs");
    const { id } = await peer.next(FRAME.OPEN);
    peer.send({ kind: FRAME.DRAIN, id: 0, body: '{"message":"restart"}' });
    expect(peer.frames.some(({ kind }) => kind === FRAME.CLOSE)).toBe(false);
    peer.answer(id);
    await within("the answer", call);
    expect(await peer.reason()).toBe("the connection is drained");
    await client.close();
  });
});

test("rolling restarts of two servers under load lose no call and run none twice", async () => {
  let stored = 0;
  const work = async (): Promise<number> => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
    return ++stored;
  };
  const hosts = [new Host(work), new Host(work)];
  const client = await connectTo(hosts);
  let [succeeded, going] = [0, true];
  const failures: unknown[] = [];
  const workers = Array.from({ length: 20 }, async () => {
    while (going) {
      const result = await client.it.store.safe({});
      if (result.ok) succeeded++;
      else failures.push(result.error);
    }
  });
  for (let round = 0; round < 10; round++) {
    for (const host of hosts) {
      const before = succeeded;
      host.down = DOWN;
      await within("the drain", host.server.close({ grace: 20_000 }));
      host.restart();
      await until("the load", () => succeeded > before + 50);
    }
  }
  going = false;
  await within("the workers", Promise.all(workers));
  expect(failures).toEqual([]);
  expect(stored).toBe(succeeded);
  await client.close();
});

test("limits.serverCalls holds for all connections together; a call over it is refused as not started", async () => {
  const { handler, open } = waiting();
  const host = new Host(handler, { limits: { serverCalls: 3 } });
  const clients = await Promise.all([connectTo(host), connectTo(host)]);
  const running = clients.flatMap((client) => [client.it.store(1), client.it.store.safe(2)]);
  const [a, b, c, d] = running;
  expect(await within("the refusal", d as Promise<unknown>)).toMatchObject({
    ok: false,
    error: { status: "RESOURCE_EXHAUSTED", message: expect.stringContaining("limits.serverCalls") },
  });
  expect(host.requests).toHaveLength(3);
  open();
  await within("the others", Promise.all([a, b, c]));
  expect(host.server.calls).toBe(0);
  expect(await clients[1].it.store(4)).toBe(4);
  await Promise.all(clients.map((client) => client.close()));
});
