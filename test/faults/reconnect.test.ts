import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { type Client, connectApi } from "sshrpc/generated";
import { RpcError } from "sshrpc/server";
import type { InMemoryOptions } from "sshrpc/testing";
import { duplexPair } from "sshrpc/testing";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { FLAG, FRAME, PREAMBLE, RawPeer } from "../support/raw-peer.js";
import { connectTo, DOWN, gate, Host, type HostClient } from "../unit/runtime/support/host.js";
import { apiOf, type ItClient, method, transportTo } from "../unit/runtime/support/server.js";
import { failure, until, within } from "../unit/runtime/support/wait.js";

const clients: { close(): Promise<void> }[] = [];

async function connected(...args: Parameters<typeof connectTo>): Promise<HostClient> {
  const client = await connectTo(...args);
  clients.push(client);
  return client;
}

afterEach(async () => {
  vi.useRealTimers();
  await within("the clients' ends", Promise.all(clients.splice(0).map((client) => client.close())));
});

/** Answers once the gate is open; counted as started before. */
function slow(options: InMemoryOptions = {}) {
  const { opened, open } = gate();
  const host = new Host(async (request) => {
    await opened;
    return request;
  }, options);
  return { host, open };
}

/** Fake timers: a test advances the time. Work without timers, such as a duplex in memory, continues by itself. */
function fakeTime(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
}

/** Runs all work that needs no timer. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe("a lost connection", () => {
  test("is re-established, and calls continue", async () => {
    const host = new Host();
    const client = await connected(host);
    const states: string[] = [];
    client.on("state", (state) => states.push(state));
    expect(client.state).toBe("ready");
    host.kill();
    await until("the loss", () => client.state !== "ready");
    expect(client.state).toBe("connecting");
    expect(await within("a call", client.it.store("after"))).toBe("after");
    expect(client.state).toBe("ready");
    await until("the listener", () => states.length === 2);
    expect(states).toEqual(["connecting", "ready"]);
  });

  test("is re-established without a call that needs it", async () => {
    const host = new Host();
    const client = await connected(host);
    host.kill(DOWN);
    await until("an attempt", () => host.attempts > 2);
    host.down = undefined;
    await until("the next connection", () => client.state === "ready");
  });

  test("calls a listener with the reason, until the listener is removed", async () => {
    const host = new Host();
    const client = await connected(host);
    const reasons: (string | undefined)[] = [];
    const left: string[] = [];
    client.on("state", (state, reason) => reasons.push(`${state}: ${reason?.message}`));
    client.on("state", (state) => left.push(state))();
    host.kill();
    await until("both states", () => reasons.length === 2);
    expect(reasons).toEqual(["connecting: the connection was lost", "ready: undefined"]);
    expect(left).toEqual([]);
  });

  test("is not re-established after close, and calls fail with the reason", async () => {
    const host = new Host();
    const client = await connected(host);
    host.kill(DOWN);
    await until("an attempt", () => host.attempts > 1);
    const waiting = client.it.get("waits");
    await client.close();
    expect(client.state).toBe("closed");
    expect(await failure(waiting)).toMatchObject({ status: "UNAVAILABLE" });
    expect(await failure(client.it.get())).toMatchObject({
      status: "UNAVAILABLE",
      message: expect.stringContaining("closed"),
    });
    const { attempts } = host;
    host.down = undefined;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(host.attempts).toBe(attempts);
  });

  test("is not re-established if reconnect is false", async () => {
    const host = new Host();
    const client = await connected(host, { reconnect: false });
    host.kill();
    await until("the loss", () => client.state === "closed");
    expect(await failure(client.it.get())).toMatchObject({ status: "UNAVAILABLE", message: "the connection was lost" });
    expect(host.attempts).toBe(1);
  });

  test("leaks nothing, 200 times in a row", async () => {
    const host = new Host();
    const client = await connected(host);
    const resources = () => process.getActiveResourcesInfo().length;
    let before = 0;
    for (let round = 0; round < 200; round++) {
      expect(await within("a call", client.it.get(round))).toBe(round);
      if (round === 20) before = resources();
      host.kill();
    }
    expect(await within("a call", client.it.get("last"))).toBe("last");
    expect(host.server.clients).toHaveLength(1);
    await until("what was of use to be gone", () => resources() <= before + 2);
  });
});

describe("a call on a lost connection", () => {
  test("is retried if its method is idempotent", async () => {
    const { host, open } = slow();
    const client = await connected(host);
    const call = client.it.get("one");
    await until("the handler", () => host.requests.length === 1);
    host.kill();
    await until("the handler again", () => host.requests.length === 2);
    open();
    expect(await within("the answer", call)).toBe("one");
  });

  test("is UNAVAILABLE without a retry if its method is not idempotent, and the server has no ledger", async () => {
    const { host, open } = slow({ ledger: false });
    const client = await connected(host);
    const call = client.it.store("one");
    await until("the handler", () => host.requests.length === 1);
    host.kill();
    expect(await failure(call)).toMatchObject({ status: "UNAVAILABLE", message: "the connection was lost" });
    open();
    expect(await within("the next call", client.it.store("two"))).toBe("two");
    expect(host.requests).toEqual(["one", "two"]);
  });

  test("is sent on the next connection if it was still queued, regardless of its method", async () => {
    const { opened, open } = gate();
    const host = new Host(
      async (request) => {
        if (request === "blocks") await opened;
        return request;
      },
      { limits: { calls: 1 }, ledger: false },
    );
    const client = await connected(host);
    const first = client.it.store("blocks");
    const second = client.it.store("waits");
    await until("the handler", () => host.requests.length === 1);
    host.kill();
    expect(await failure(first)).toMatchObject({ status: "UNAVAILABLE" });
    expect(await within("the second", second)).toBe("waits");
    open();
    expect(host.requests).toEqual(["blocks", "waits"]);
  });

  test("is retried `retries` times, and then fails", async () => {
    const host: Host = new Host(() => {
      setImmediate(() => host.kill());
      return new Promise(() => undefined);
    });
    for (const [retries, times] of [
      [undefined, 4],
      [1, 2],
      [0, 1],
    ] as const) {
      host.requests.length = 0;
      const client = await connected(host, retries === undefined ? {} : { retries });
      expect(await failure(client.it.get())).toMatchObject({ status: "UNAVAILABLE" });
      expect(host.requests).toHaveLength(times);
    }
  });

  test("is not retried once it is cancelled or its deadline has passed", async () => {
    const { host, open } = slow();
    const client = await connected(host);
    const abort = new AbortController();
    const calls = [client.it.get("cancelled", { signal: abort.signal }), client.it.get("late", { timeout: 300 })];
    await until("the handlers", () => host.requests.length === 2);
    abort.abort();
    expect(await failure(calls[0] as Promise<unknown>)).toMatchObject({ status: "CANCELLED" });
    expect(await failure(calls[1] as Promise<unknown>)).toMatchObject({ status: "DEADLINE_EXCEEDED" });
    host.kill();
    open();
    expect(await within("another call", client.it.get("next"))).toBe("next");
    expect(host.requests).toEqual(["cancelled", "late", "next"]);
  });

  test("sends the next server the time until the original deadline", async () => {
    const deadlines: number[] = [];
    const host: Host = new Host((_, { deadline }) => {
      deadlines.push(deadline - Date.now());
      if (deadlines.length > 1) return null;
      setTimeout(() => host.kill(), 30);
      return new Promise(() => undefined);
    });
    const client = await connected(host);
    await within("the answer", client.it.get({}, { timeout: 5000 }));
    expect(deadlines[1]).toBeLessThan((deadlines[0] as number) - 25);
  });
});

/** A client of one method of any kind, and the raw peers that it connects to. */
async function byHand(more: Parameters<typeof method>[1]) {
  const peers: RawPeer[] = [];
  const transport = transportTo((far) => peers.push(new RawPeer(far).hello([], { window: 1 << 16 })));
  type AnyClient = {
    close(): Promise<void>;
    it: { get(...args: unknown[]): Promise<unknown> & AsyncIterable<unknown> };
  };
  const client = await connectApi<Client & AnyClient>(apiOf(method("GET /it", more)), transport, {
    reconnect: { minDelay: 1 },
  });
  clients.push(client);
  const next = () => until("the next connection", () => peers[1]);
  return { call: client.it.get, peer: peers[0] as RawPeer, next };
}

test("a call of an idempotent method is retried after its caller has seen headers, which it gets once", async () => {
  const { call, peer, next } = await byHand({});
  const headers: unknown[] = [];
  const answer = call({}, { onHeaders: (seen: unknown) => headers.push(seen) });
  const { id } = await peer.next(FRAME.OPEN);
  peer.send({ kind: FRAME.HEADERS, id, metadata: '[["x","1"]]' });
  await until("the headers", () => headers.length === 1);
  peer.duplex.destroy();
  const other = await next();
  const again = await other.next(FRAME.OPEN);
  other.send({ kind: FRAME.HEADERS, id: again.id, metadata: '[["x","2"]]' }).answer(again.id, 200, "7");
  expect(await within("the answer", answer)).toBe(7);
  expect(headers).toHaveLength(1);
});

describe("a call of an idempotent method is not retried", () => {
  test("once its caller has seen an item", async () => {
    const { call, peer } = await byHand({ kind: "server-streaming", responseItem: () => true });
    const items = call({})[Symbol.asyncIterator]();
    const { id } = await peer.next(FRAME.OPEN);
    peer.send({ kind: FRAME.ITEM, id, body: "1" });
    expect(await within("the item", items.next())).toEqual({ done: false, value: 1 });
    peer.duplex.destroy();
    expect(await failure(items.next())).toMatchObject({ status: "UNAVAILABLE" });
  });

  test("once its request stream has started, even if the server never started it: the items cannot be replayed", async () => {
    const { call, peer, next } = await byHand({ kind: "client-streaming", requestItem: () => true });
    const answer = failure(call({}, [1, 2]));
    const { id } = await peer.next(FRAME.OPEN);
    peer.send({ kind: FRAME.STATUS, id, flags: FLAG.REFUSED, code: 503, body: '{"message":"not now"}' });
    expect(await answer).toMatchObject({ status: "UNAVAILABLE", message: "not now" });
    peer.duplex.destroy();
    expect((await next()).frames.filter(({ kind }) => kind === FRAME.OPEN)).toEqual([]);
  });
});

test("a response stream without a received item is retried", async () => {
  const { call, peer, next } = await byHand({ kind: "server-streaming", responseItem: () => true });
  const items = call({})[Symbol.asyncIterator]();
  await peer.next(FRAME.OPEN);
  peer.duplex.destroy();
  const second = await next();
  const { id } = await second.next(FRAME.OPEN);
  second.send({ kind: FRAME.ITEM, id, body: "7" });
  expect(await within("the item", items.next())).toEqual({ done: false, value: 7 });
});

test("queued calls move to the next connection as soon as the server drains", async () => {
  const peers: RawPeer[] = [];
  const transport = transportTo((far) => peers.push(new RawPeer(far).hello([], { calls: 1 })));
  const api = apiOf(method("GET /it", { idempotent: false }));
  const client = await connectApi<ItClient>(api, transport, { reconnect: { minDelay: 1 } });
  clients.push(client);
  const [first, second] = [client.it.get("first"), client.it.get("second")];
  const { id } = await (peers[0] as RawPeer).next(FRAME.OPEN);
  peers[0]?.send({ kind: FRAME.DRAIN, id: 0, body: "{}" });
  const next = await until("the next connection", () => peers[1]);
  next.answer((await next.next(FRAME.OPEN)).id, 200, "2");
  expect(await within("the second call", second)).toBe(2);
  peers[0]?.answer(id, 200, "1");
  expect(await within("the first call", first)).toBe(1);
});

describe("a call that the server answers with UNAVAILABLE", () => {
  const busy = () => {
    let times = 0;
    return new Host(() => {
      times++;
      if (times < 3) throw new RpcError("UNAVAILABLE", "the database is away");
      return times;
    });
  };

  test("is retried with backoff if its method is idempotent", async () => {
    const client = await connected(busy());
    expect(await within("the answer", client.it.get())).toBe(3);
  });

  test("fails if its method is not idempotent", async () => {
    const host = busy();
    const client = await connected(host);
    expect(await failure(client.it.store())).toMatchObject({ status: "UNAVAILABLE", message: "the database is away" });
    expect(host.requests).toHaveLength(1);
  });

  test("fails at once if the backoff would exceed its deadline", async () => {
    const host = busy();
    const client = await connected(host, { reconnect: { minDelay: 60_000 } });
    expect(await failure(client.it.get({}, { timeout: 30_000 }))).toMatchObject({ status: "UNAVAILABLE" });
    expect(host.requests).toHaveLength(1);
  });

  test("can be cancelled during the backoff", async () => {
    const host = busy();
    const client = await connected(host, { reconnect: { minDelay: 5000 } });
    const abort = new AbortController();
    const call = client.it.get({}, { signal: abort.signal });
    await until("the handler", () => host.requests.length === 1);
    abort.abort();
    expect(await failure(call)).toMatchObject({ status: "CANCELLED" });
  });

  test("is retried, regardless of its method, if the server never started it", async () => {
    const [near, far] = duplexPair();
    const peer = new RawPeer(far).hello();
    const api = apiOf(method("GET /it", { idempotent: false }));
    const client = await connectApi<ItClient>(
      api,
      { address: "x", open: async () => near },
      { reconnect: { minDelay: 1 } },
    );
    clients.push(client);
    const call = client.it.get("once");
    const body = '{"message":"not now"}';
    peer.send({ kind: FRAME.STATUS, id: (await peer.next(FRAME.OPEN)).id, flags: FLAG.REFUSED, code: 503, body });
    peer.answer((await peer.next(FRAME.OPEN)).id, 200, "1");
    expect(await within("the answer", call)).toBe(1);
  });
});

describe("a call without a connection", () => {
  test("waits until there is one", async () => {
    const host = new Host();
    const client = await connected(host);
    host.kill(DOWN);
    await until("the loss", () => client.state === "connecting");
    const calls = [1, 2, 3].map((number) => client.it.store(number));
    await until("an attempt", () => host.attempts > 2);
    host.down = undefined;
    expect(await within("the answers", Promise.all(calls))).toEqual([1, 2, 3]);
    expect(host.requests).toEqual([1, 2, 3]);
  });

  test("waits no longer than its deadline, and fails with the reason", async () => {
    const host = new Host();
    const client = await connected(host);
    host.kill(DOWN);
    await until("an attempt", () => host.attempts > 1);
    expect(await failure(client.it.get({}, { timeout: 20 }))).toMatchObject({
      status: "DEADLINE_EXCEEDED",
      message: "no connection within 20 ms: the host is down",
      method: "GET /it",
    });
    host.down = undefined;
    expect(await within("another call", client.it.get("next"))).toBe("next");
    expect(host.requests).toEqual(["next"]);
  });

  test("can be cancelled", async () => {
    const host = new Host();
    const client = await connected(host);
    host.kill(DOWN);
    await until("the loss", () => client.state === "connecting");
    const abort = new AbortController();
    const call = client.it.store("no", { signal: abort.signal });
    abort.abort();
    expect(await failure(call)).toMatchObject({ status: "CANCELLED" });
    host.down = undefined;
    await within("another call", client.it.get("next"));
    expect(host.requests).toEqual(["next"]);
  });

  test("is RESOURCE_EXHAUSTED if too many wait", async () => {
    const host = new Host();
    const client = await connected(host, { limits: { queuedCalls: 2 } });
    host.kill(DOWN);
    await until("the loss", () => client.state === "connecting");
    const waiting = [client.it.get(1), client.it.get(2)];
    expect(await failure(client.it.get(3))).toMatchObject({
      status: "RESOURCE_EXHAUSTED",
      message: expect.stringContaining("limits.queuedCalls"),
    });
    host.down = undefined;
    expect(await within("the answers", Promise.all(waiting))).toEqual([1, 2]);
  });
});

describe("a permanent failure", () => {
  const refused = new RpcError("UNAUTHENTICATED", "the key is refused");

  test("ends the attempts and the waiting calls with its reason; a later call tries again", async () => {
    const host = new Host();
    const client = await connected(host);
    host.kill(DOWN);
    await until("the loss", () => client.state === "connecting");
    const waiting = client.it.get("waits");
    host.down = refused;
    expect(await failure(waiting)).toMatchObject({ status: "UNAUTHENTICATED", message: "the key is refused" });
    expect(client.state).toBe("closed");
    const { attempts } = host;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(host.attempts).toBe(attempts);
    host.down = undefined;
    expect(await within("a later call", client.it.get("later"))).toBe("later");
    expect(host.attempts).toBe(attempts + 1);
  });

  test("is retried once if the server accepted the key before: a server killed during authentication looks the same", async () => {
    const host = new Host();
    const client = await connected(host, { reconnect: { minDelay: 20, jitter: 0 } });
    host.kill(refused);
    const waiting = client.it.get("waits");
    await until("the first refusal", () => host.attempts === 2);
    host.down = undefined;
    expect(await within("the call", waiting)).toBe("waits");
  });

  test("is retried at most once per minDelay, however many calls there are", async () => {
    const host = new Host();
    const client = await connected(host, { reconnect: { minDelay: 1000 } });
    host.kill(refused);
    await until("the end of the attempts", () => client.state === "closed");
    const { attempts } = host;
    for (let call = 0; call < 50; call++) {
      expect(await failure(client.it.get())).toMatchObject({ status: "UNAUTHENTICATED" });
    }
    expect(host.attempts - attempts).toBeLessThanOrEqual(1);
  });
});

describe("the first attempt", () => {
  test("decides: if it fails, connect fails, and no attempt continues in the background", async () => {
    const host = new Host();
    host.down = DOWN;
    expect(await failure(connectTo(host))).toBe(DOWN);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(host.attempts).toBe(1);
  });

  test("can be cancelled, also on a transport that ignores the signal: the duplex that it opens later is destroyed", async () => {
    const abort = new AbortController();
    const { opened, open } = gate();
    const [near] = duplexPair();
    let isAsked = false;
    const transport = {
      address: "x",
      open: () => {
        isAsked = true;
        return opened.then(() => near);
      },
    };
    const attempt = connectApi(apiOf(), transport, { signal: abort.signal });
    attempt.catch(() => undefined);
    await until("the attempt", () => isAsked);
    abort.abort("no time");
    expect(await failure(attempt)).toMatchObject({ status: "CANCELLED", cause: "no time" });
    open();
    await until("the late duplex", () => near.destroyed);
  });
});

test("a client closed at the moment when its next connection is ready leaks no connection", async () => {
  for (let ticks = 0; ticks < 20; ticks++) {
    const opened: Duplex[] = [];
    const later = (left: number): void => {
      if (left > 0) queueMicrotask(() => later(left - 1));
      else void client.close();
    };
    const open = async (): Promise<Duplex> => {
      const [near, far] = duplexPair();
      new RawPeer(far).hello();
      const push = near.push.bind(near);
      near.push = (chunk) => {
        const isHello = chunk !== null && chunk.length > PREAMBLE.length;
        if (opened[1] === near && isHello) later(ticks);
        return push(chunk);
      };
      opened.push(near);
      return near;
    };
    const client = await connectApi(apiOf(), { address: "x", open }, { reconnect: { minDelay: 1, jitter: 0 } });
    opened[0]?.destroy();
    await until(`the end of the next connection (${ticks})`, () => opened[1]?.destroyed);
    expect(client.state).toBe("closed");
  }
});

test("the backoff doubles up to its maximum, and is reset once a connection has lasted", async () => {
  fakeTime();
  const host = new Host();
  const client = await connectTo(host, { reconnect: { minDelay: 100, maxDelay: 1000, jitter: 0 } });
  const attemptsWithin = async (ms: number): Promise<number> => {
    const { attempts } = host;
    await vi.advanceTimersByTimeAsync(ms);
    await settle();
    return host.attempts - attempts;
  };
  const outage = async (): Promise<void> => {
    host.kill(DOWN);
    await settle();
    for (const wait of [100, 200, 400, 800, 1000, 1000]) {
      expect(await attemptsWithin(wait - 1)).toBe(0);
      expect(await attemptsWithin(1)).toBe(1);
    }
  };
  await outage();
  host.down = undefined;
  await vi.advanceTimersByTimeAsync(1000);
  await settle();
  expect(client.state).toBe("ready");
  await vi.advanceTimersByTimeAsync(2000);
  await outage();
  await client.close();
});

test("a server that dies soon after each connection is retried with backoff", async () => {
  fakeTime();
  const host = new Host();
  const client = await connectTo(host, { reconnect: { minDelay: 100, maxDelay: 10_000, jitter: 0 } });
  for (let step = 0; step < 1000; step++) {
    await vi.advanceTimersByTimeAsync(10);
    await settle();
    host.kill();
  }
  expect(host.attempts).toBeLessThan(15);
  await client.close();
});

test("an idle client in backoff does not keep its process alive", async () => {
  const dist = new URL("../../runtime/dist/", import.meta.url).href;
  const script = `
    import { openClient } from "${dist}client/client.js";
    import { duplexPair } from "${dist}base/memory-transport.js";
    import { ApiServer } from "${dist}server/api-server.js";
    const api = { name: "test", version: "1.0.0", hash: "00", methods: [] };
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const server = new ApiServer({ api, handlers: new Map() }, { log });
    let near;
    const open = async () => {
      if (near !== undefined) throw new Error("down");
      const pair = duplexPair();
      near = pair[0];
      server.accept(pair[1], { user: "alice", scopes: [] });
      return near;
    };
    const client = await openClient(api, { address: "x", open }, { reconnect: { minDelay: 600000 } });
    client.on("state", (state) => console.log(state));
    near.destroy();
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { timeout: 45_000 });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
  }
  const [code, signal] = await once(child, "close");
  expect({ code, signal, output }).toEqual({ code: 0, signal: null, output: "connecting\n" });
});

test("a listener that throws affects neither other listeners nor the process", async () => {
  const host = new Host();
  const client = await connected(host);
  const thrown: unknown[] = [];
  // Its exception is logged, and never reaches the process.
  const before = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => thrown.push(error));
  onTestFinished(() => {
    process.removeAllListeners("uncaughtException");
    for (const listener of before) process.on("uncaughtException", listener);
  });
  client.on("state", () => {
    throw new Error("mine");
  });
  const states: string[] = [];
  client.on("state", (state) => states.push(state));
  host.kill();
  await until("both states", () => states.length === 2);
  expect(await within("a call", client.it.get(1))).toBe(1);
  expect(thrown).toEqual([]);
});
