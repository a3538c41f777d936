import { connectApi } from "sshrpc/generated";
import { RpcError } from "sshrpc/server";
import { type InMemoryOptions, inMemory } from "sshrpc/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { notesHandlers } from "../../adapters/notes-server.js";
import { serveSsh } from "../../adapters/ssh-server.js";
import { gate } from "../../support/host.js";
import { connectOperator } from "../../support/operator.js";
import { apiOf, handlersOf, type ItClient, method } from "../../support/server.js";
import { failure, until } from "../../support/wait.js";

const OPERATOR = { user: "operator", scopes: ["sshrpc:status"] };
const METHODS = [
  method("GET /it"),
  method("GET /ticks", { resource: "ticks", kind: "server-streaming", responseItem: () => true }),
];

/** A server whose GET /it waits for a request that is 0, and fails for 404. */
async function serve(options: InMemoryOptions = {}) {
  const { opened, open } = gate();
  async function* ticks() {
    yield 1;
    await opened;
  }
  const get = async (request: unknown) => {
    if (request === 0) await opened;
    if (request === 404) throw new RpcError("NOT_FOUND", "no such thing");
    return request;
  };
  const server = inMemory(handlersOf(METHODS, { "GET /it": get, "GET /ticks": ticks }), options);
  onTestFinished(() => server.close());
  const connect = async (peer: object = {}) => {
    const client = await connectApi<ItClient & { readonly ticks: { get(request: object): AsyncIterable<unknown> } }>(
      apiOf(...METHODS),
      server.as(peer),
      { retries: 0 },
    );
    onTestFinished(() => client.close());
    return client;
  };
  return { server, open, connect, operator: await connectOperator(server.as(OPERATOR)) };
}

test("lists connections with their peers, their calls, and keys with what they hold and may hold", async () => {
  const { server, connect, operator } = await serve({ perKey: { calls: 50, rate: 1000 } });
  const alice = {
    ...{ user: "al", principal: "alice", fingerprint: "SHA256:abc", keyName: "alice@laptop" },
    ...{ address: "192.0.2.7:50122", connectionId: "c1" },
  };
  const client = await connect(alice);
  const waiting = client.it.get(0).catch(() => undefined);
  await until("the call", () => server.calls === 1);
  const status = await operator.status.get();
  expect(status).toMatchObject({ status: "ok", contract: { name: "test", version: "1.0.0", hash: "00" } });
  expect(status.node).toMatchObject({ pid: process.pid, version: process.version });
  expect(status.node.memory.rss).toBeGreaterThan(status.node.memory.heapUsed);
  const { connectionId: id, ...names } = alice;
  const { open, omitted, rows } = status.connections;
  expect([open, omitted]).toEqual([2, 0]);
  // A connection in memory has no bytes of a transport.
  const row = { id, ...names, age: expect.any(Number), calls: 1, memory: expect.any(Number) };
  expect(rows.find(({ user }) => user === "al")).toEqual(row);
  expect(status.keys).toMatchObject({ active: 2, omitted: 0 });
  expect(status.keys.authorized).toBeUndefined();
  const key = status.keys.rows.find((one) => one.key === "key SHA256:abc");
  expect(key).toMatchObject({ calls: { held: 1, limit: 50 }, rate: 1000, callbacks: { held: 0, limit: 4096 } });
  await client.close();
  await waiting;
});

test("counts calls by method, with their statuses and durations, from the first status call on", async () => {
  const { connect, operator } = await serve();
  const client = await connect();
  await client.it.get(1);
  expect((await operator.status.get()).calls).toMatchObject({ running: 1, streams: 0, omitted: 0 });
  await Promise.all([1, 2, 3, 404].map((request) => client.it.get(request).catch(() => undefined)));
  const { calls } = await operator.status.get();
  const it = calls.rows.find((row) => row.method === "GET /it");
  expect(it).toMatchObject({ running: 0, ended: 4, statuses: { OK: 3, NOT_FOUND: 1 } });
  expect(it?.p50).toBeLessThanOrEqual(it?.p99 as number);
  expect(it?.rate).toBeGreaterThan(0);
  expect(calls.counted).toBeGreaterThanOrEqual(calls.window);
});

test("does not change what an observer gets when it begins to count", async () => {
  const seen: string[] = [];
  const { connect, operator } = await serve({ onCall: ({ method: id, status }) => void seen.push(`${id} ${status}`) });
  const client = await connect();
  await client.it.get(1);
  await operator.status.get();
  await client.it.get(2);
  expect(seen).toEqual(["GET /it OK", "GET /sshrpc/status OK", "GET /it OK"]);
});

test("counts the calls and streams that run, also those that began before the first status call", async () => {
  const { server, open, connect, operator } = await serve();
  const client = await connect();
  const waiting = client.it.get(0);
  const stream = client.ticks.get({})[Symbol.asyncIterator]();
  await stream.next();
  await until("both", () => server.calls === 2);
  const { calls } = await operator.status.get();
  expect([calls.running, calls.streams]).toEqual([3, 1]);
  expect(calls.rows.map(({ method: id, running, ended }) => [id, running, ended]).sort()).toEqual([
    ["GET /it", 1, 0],
    ["GET /sshrpc/status", 1, 0],
    ["GET /ticks", 1, 0],
  ]);
  open();
  await waiting;
  await stream.next();
  // They were not measured, so they are not counted.
  const after = await operator.status.get();
  expect(after.calls.rows.find((row) => row.method === "GET /it")).toBeUndefined();
  expect(after.calls.running).toBe(1);
});

test("counts all references to methods that do not exist in one row", async () => {
  const { server, operator } = await serve();
  await operator.status.get();
  for (const path of ["/a", "/b\u001b[2J", "/c"]) {
    const api = { name: "", version: "", hash: "", methods: [method(`GET ${path}`)] };
    const client = await connectApi<ItClient>(api, server, { retries: 0 });
    await failure(client.it.get());
    await client.close();
  }
  const { calls } = await operator.status.get();
  expect(calls.rows.find((row) => row.method === "(unknown)")).toMatchObject({ ended: 3, statuses: { NOT_FOUND: 3 } });
  expect(JSON.stringify(calls)).not.toContain("/b");
});

test("escapes what a terminal would interpret in texts of peers, and cuts them", async () => {
  const { connect, operator } = await serve();
  await connect({ user: `a\u001b]0;title\u0007${"x".repeat(1000)}`, fingerprint: "SHA256:\u202e" });
  const { connections, keys } = await operator.status.get();
  const { user = "", fingerprint } = connections.rows.find((row) => row.user.startsWith("a")) ?? {};
  expect(user).toMatch(/^a\\u\{1b\}\]0;title\\u\{7\}x+…$/);
  expect(user.length).toBeLessThan(100);
  expect(fingerprint).toBe("SHA256:\\u{202e}");
  expect(JSON.stringify(keys)).not.toContain("\u202e");
});

describe("its lists", () => {
  test("have at most as many rows as were asked for, and the number of the others", async () => {
    const { server, operator } = await serve();
    // Without HELLO: a connection counts from its login on.
    const peers = Array.from({ length: 4000 }, (_, index) => ({ user: "u", fingerprint: `SHA256:${index}` }));
    const opened = await Promise.all(peers.map((peer) => server.as(peer).open()));
    onTestFinished(() => opened.forEach((duplex) => void duplex.destroy()));
    const usual = await operator.status.get();
    expect([usual.connections.open, usual.connections.rows.length, usual.connections.omitted]).toEqual([
      4001, 100, 3901,
    ]);
    expect(JSON.stringify(usual).length).toBeLessThan(100_000);
    const most = await operator.status.get({ rows: 1000 });
    expect([most.connections.rows.length, most.connections.omitted]).toEqual([1000, 3001]);
    const none = await operator.status.get({ rows: 0 });
    expect([none.connections.rows, none.calls.rows, none.keys.rows]).toEqual([[], [], []]);
    for (const request of [{ rows: 1001 }, { rows: -1 }, { rows: 1.5 }, { order: "name" as "age" }, { x: 1 }]) {
      expect(await failure(operator.status.get(request))).toMatchObject({ status: "BAD_REQUEST" });
    }
  });

  test("are in the order that was asked for", async () => {
    const { server, connect, operator } = await serve();
    await connect({ user: "idle" });
    const busy = await connect({ user: "busy" });
    const calls = [0, 0].map((request) => busy.it.get(request).catch(() => undefined));
    await until("the calls", () => server.calls === 2);
    const first = async (order: "age" | "calls") => (await operator.status.get({ order })).connections.rows[0]?.user;
    expect([await first("calls"), await first("age")]).toEqual(["busy", "operator"]);
    await busy.close();
    await Promise.all(calls);
  });
});

test.each(["status", "GET /sshrpc/status"])(
  "`ssh host %s` prints it as JSON, with its own session",
  async (command) => {
    await using served = await serveSsh(notesHandlers(), OPERATOR);
    const { stdout, exitCode } = await served.ssh.run(command);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      connections: { open: 1, rows: [{ user: "operator", calls: 1 }] },
      calls: { running: 1, rows: [{ method: "GET /sshrpc/status" }] },
    });
  },
);

test("a key without the scope sshrpc:status sees nothing", async () => {
  const { server } = await serve();
  const operator = await connectOperator(server.as({ scopes: ["*", "sshrpc:health", "sshrpc:kick"] }));
  expect(await failure(operator.status.get())).toMatchObject({
    status: "FORBIDDEN",
    message: expect.stringContaining("sshrpc:status"),
  });
});
