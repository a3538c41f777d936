import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { rmSync, symlinkSync } from "node:fs";
import { type AddressInfo, connect as connectTcp, createServer, type Server } from "node:net";
import { join } from "node:path";
import { Counter, Registry } from "prom-client";
import { type CallOptions, type Client, type ResponseStream, RpcError } from "sshrpc/client";
import { type Api, connectApi } from "sshrpc/generated";
import { type MetricsOptions, metrics, serveMetrics } from "sshrpc/metrics";
import { serveHandlers } from "sshrpc/server";
import { generateKeyPair, inMemory, onLoopback } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { tempDir } from "../ssh/support.js";
import { type AnyHandler, any, method } from "../support/server.js";
import { failure, until, within } from "../support/wait.js";

const API: Api = {
  name: "notes",
  version: "1.0.0",
  hash: "00",
  methods: [
    method("GET /notes/{id}", { resource: "note", params: { id: "integer" } }),
    method("STORE /notes", { resource: "notes", scope: "notes:write" }),
    method("GET /ticks", { resource: "ticks", kind: "server-streaming", responseItem: any }),
  ],
};

interface Notes extends Client {
  readonly note: { get(request?: object, options?: CallOptions): Promise<unknown> };
  readonly notes: { store(request?: object, options?: CallOptions): Promise<unknown> };
  readonly ticks: { get(request?: object): ResponseStream<unknown, unknown> };
}

const HANDLERS = new Map(
  Object.entries({
    "GET /notes/{id}": ({ id }: { readonly id: number }) => {
      if (id === 7) throw new RpcError("NOT_FOUND");
      return { id };
    },
    "STORE /notes": () => null,
    "GET /ticks": async function* () {
      yield* [1, 2, 3];
    },
  }),
) as unknown as Map<string, AnyHandler>;

/** The samples of a text, by `name{labels}`. */
function samples(text: string): ReadonlyMap<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(" ");
      return [line.slice(0, space), Number(line.slice(space + 1))] as const;
    }),
  );
}

async function scrape(registry: Registry, path = "/metrics", init: RequestInit = {}): Promise<Response> {
  const server = await serveMetrics(registry, { port: 0 });
  onTestFinished(() => server.close());
  return fetch(`http://${server.host}:${server.port}${path}`, init);
}

test("a scrape has the calls, items, bytes, logins and connections of a server over SSH", async () => {
  const { observer, registry } = await metrics();
  const server = await onLoopback({ api: API, handlers: HANDLERS }, { observer, scopes: ["notes:read"] });
  const client = await connectApi<Notes>(API, server.target, { ...server.options, log: false, retries: 0 });
  await client.note.get({ id: 1 });
  await client.note.get({ id: 2 });
  await expect(client.note.get({ id: 7 })).rejects.toThrow();
  await expect(client.notes.store()).rejects.toMatchObject({ status: "FORBIDDEN" });
  for await (const _ of client.ticks.get());
  await expect
    .poll(() => registry.metrics())
    .toContain('sshrpc_server_running_calls{method="GET /ticks",verb="GET"} 0');
  const response = await scrape(registry);
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const found = samples(await response.text());
  const note = 'method="GET /notes/{id}",verb="GET"';
  expect(found.get(`sshrpc_server_call_duration_seconds_count{${note},status="OK"}`)).toBe(2);
  expect(found.get(`sshrpc_server_call_duration_seconds_bucket{le="10",${note},status="OK"}`)).toBe(2);
  expect(found.get(`sshrpc_server_call_duration_seconds_count{${note},status="NOT_FOUND"}`)).toBe(1);
  const store = 'method="STORE /notes",verb="STORE",status="FORBIDDEN"';
  expect(found.get(`sshrpc_server_call_duration_seconds_count{${store}}`)).toBe(1);
  expect(found.get('sshrpc_server_call_items_total{method="GET /ticks",verb="GET",direction="out"}')).toBe(3);
  expect(found.get(`sshrpc_server_call_bytes_total{${note},direction="in"}`)).toBe(3 * '{"id":1}'.length);
  expect(found.get('sshrpc_logins_total{outcome="accepted"}')).toBe(1);
  expect(found.get("sshrpc_connections")).toBe(1);
  expect(found.get('sshrpc_sessions_total{kind="subsystem",outcome="accepted"}')).toBe(1);
  expect(found.get("process_resident_memory_bytes")).toBeGreaterThan(1e6);
  expect([...found.keys()]).toContain("nodejs_eventloop_lag_p99_seconds");
  await client.close();
  await server.close({ grace: 1000 });
  const after = samples(await registry.metrics());
  expect(after.get("sshrpc_connections")).toBe(0);
  expect(after.get("sshrpc_drains_total")).toBe(1);
  expect(after.get('sshrpc_connection_bytes_total{direction="in"}')).toBeGreaterThan(100);
});

test("what is held of the limits of a server, and its keys with the next that expires", async () => {
  const { observer, registry } = await metrics({ processMetrics: false });
  const found = async (name: string) => samples(await registry.metrics()).get(`sshrpc_${name}`);
  const expiry = "authorized_keys_next_expiry_timestamp_seconds";
  const { privateKey, publicKey } = generateKeyPair();
  const lines = [
    publicKey,
    ...["20200101Z", "20991231Z", "20981231Z"].map((time) => `expiry-time="${time}" ${generateKeyPair().publicKey}`),
  ];
  const options = {
    ...{ port: 0, hostKeys: privateKey, authorizedKeys: { lines }, observer },
    ...{ maxConnections: 7, limits: { serverCalls: 9 } },
  } as const;
  expect([await found("authorized_keys"), await found(expiry)]).toEqual([undefined, undefined]);
  const server = await serveHandlers({ api: API, handlers: HANDLERS }, options);
  onTestFinished(() => server.close());
  expect(await found("authorized_keys")).toBe(4);
  expect(await found(expiry)).toBe(Date.UTC(2098, 11, 31) / 1000);
  for (const [resource, limit] of [
    ["connections", 7],
    ["calls", 9],
  ]) {
    expect(await found(`server_limits{resource="${resource}"}`)).toBe(limit);
    expect(await found(`server_held{resource="${resource}"}`)).toBe(0);
  }
  await server.reload({ ...options, maxConnections: 8 });
  expect(await found('server_limits{resource="connections"}')).toBe(8);
});

test("the state of a server: ready, its audit log, its reloads, and lines that its log has lost", async () => {
  const { observer, registry } = await metrics({ processMetrics: false });
  const found = async (name: string) => samples(await registry.metrics()).get(`sshrpc_${name}`);
  expect(await found("ready")).toBeUndefined();
  let reason: string | undefined = "no store";
  let lost = 3;
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const log = Object.defineProperty(silent, "lost", { get: () => lost });
  const file = join(tempDir(), "audit.log");
  symlinkSync("/dev/full", file);
  const { privateKey, publicKey } = generateKeyPair();
  const options = {
    ...{ port: 0, hostKeys: privateKey, authorizedKeys: { lines: [publicKey] }, observer, log, health: () => reason },
    audit: { file, onFull: "refuse" },
  } as const;
  const before = Date.now() / 1000 - 1;
  const server = await serveHandlers({ api: API, handlers: HANDLERS }, options);
  onTestFinished(() => server.close());
  const ready = async () => (await scrape(registry, "/ready")).status;
  expect([await found("ready"), await ready()]).toEqual([0, 503]);
  reason = undefined;
  expect([await found("ready"), await ready()]).toEqual([1, 200]);
  const names = ["audit_failing", "audit_refusing_calls"];
  expect(await Promise.all(names.map(found))).toEqual([0, 0]);
  // A client that leaves has a line.
  connectTcp(server.port, server.host)
    .on("error", () => {})
    .end();
  await expect.poll(() => found("audit_failing")).toBe(1);
  expect(await found("audit_refusing_calls")).toBe(1);
  expect([await found("ready"), await ready()]).toEqual([0, 503]);
  rmSync(file);
  await expect.poll(() => found("audit_failing"), { timeout: 20_000 }).toBe(0);
  expect([await found("ready"), await ready()]).toEqual([1, 200]);
  expect(await found("log_lines_lost_total")).toBe(3);
  lost = 5;
  expect(await found("config_last_reload_successful")).toBe(1);
  await expect(server.reload({ ...options, maxConnections: 0 })).rejects.toThrow("maxConnections");
  expect(await found("config_last_reload_successful")).toBe(0);
  await server.reload(options);
  expect(await found("config_last_reload_successful")).toBe(1);
  expect(await found("config_last_reload_success_timestamp_seconds")).toBeGreaterThan(before);
  const closed = server.close({ delay: 20_000 });
  expect([await found("ready"), await ready()]).toEqual([0, 503]);
  await server.close();
  await closed;
  expect([await found("ready"), await found("log_lines_lost_total")]).toEqual([undefined, 5]);
});

test("thousands of unknown methods and paths share one label, and no key or user is one", async () => {
  const { observer, registry } = await metrics({ processMetrics: false });
  const methods = Array.from({ length: 2000 }, (_, index) => method(`GET /secret-${index}`, { resource: `r${index}` }));
  const other = { ...API, methods: [...API.methods, ...methods] };
  const peer = { user: "mallory", principal: "mallory", fingerprint: "SHA256:mallory" };
  const served = inMemory({ api: API, handlers: HANDLERS }, { observer, peer });
  const client = await connectApi<Client & Record<string, { get(): Promise<unknown> }>>(other, served, { log: false });
  onTestFinished(() => client.close());
  const outcomes = await Promise.allSettled(methods.map(({ resource }) => client[resource]?.get()));
  expect(outcomes.filter(({ status }) => status === "rejected")).toHaveLength(2000);
  for (let id = 0; id < 500; id++) await (client as unknown as Notes).note.get({ id: id + 1000 });
  const text = await registry.metrics();
  const found = samples(text);
  const unknown = 'method="unknown",verb="unknown",status="UNIMPLEMENTED"';
  expect(found.get(`sshrpc_server_call_duration_seconds_count{${unknown}}`)).toBe(2000);
  expect(text).not.toMatch(/secret|mallory/);
  expect(found.size).toBeLessThan(100);
});

test("a client counts its calls and failed attempts to connect", async () => {
  const { observer, registry } = await metrics({ processMetrics: false, buckets: [0.5, 60] });
  const client = await connectApi<Notes>(API, inMemory({ api: API, handlers: HANDLERS }), { observer });
  await client.note.get({ id: 1 });
  await client.close();
  const nowhere = { address: "nowhere", open: () => Promise.reject(new RpcError("UNAVAILABLE", "no route")) };
  await expect(connectApi(API, nowhere, { reconnect: false, observer })).rejects.toThrow("no route");
  const found = samples(await registry.metrics());
  const labels = 'method="GET /notes/{id}",verb="GET",status="OK"';
  const buckets = ["0.5", "60", "+Inf"].map((le) => `sshrpc_client_call_duration_seconds_bucket{le="${le}",${labels}}`);
  expect(buckets.map((name) => found.get(name))).toEqual([1, 1, 1]);
  expect(found.get("sshrpc_client_connect_failures_total")).toBe(1);
});

test("a registry of the program gets the metrics beside its own, without those of the process", async () => {
  const registry = new Registry();
  const own = new Counter({ name: "orders_total", help: "Orders.", registers: [registry] });
  own.inc();
  const { registry: same } = await metrics({ registry });
  expect(same).toBe(registry);
  const text = await registry.metrics();
  expect(text).toContain("orders_total 1");
  expect(text).toContain("sshrpc_connections");
  expect(text).not.toContain("process_cpu");
});

test("only GET /metrics is served", async () => {
  const { registry } = await metrics({ processMetrics: false });
  expect((await scrape(registry, "/metrics?name=x")).status).toBe(200);
  const head = await scrape(registry, "/metrics", { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
  expect((await scrape(registry, "/")).status).toBe(404);
  expect((await scrape(registry, "/metrics/x")).status).toBe(404);
  const post = await scrape(registry, "/metrics", { method: "POST", body: "x".repeat(100_000) });
  expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
});

test("a metric that cannot be collected is an error of its scrape", async () => {
  const { registry } = await metrics({ processMetrics: false });
  const broken = () => {
    throw new Error("disk full");
  };
  new Counter({ name: "broken_total", help: "Broken.", registers: [registry], collect: broken });
  const response = await scrape(registry);
  expect([response.status, await response.text()]).toEqual([500, "the metrics could not be collected: disk full\n"]);
});

test("scrapers that send nothing hold no more than the connections of the port", async () => {
  const { registry } = await metrics({ processMetrics: false });
  const server = await serveMetrics(registry, { port: 0 });
  const sockets = Array.from({ length: 40 }, () => connectTcp(server.port, server.host).on("error", () => {}));
  onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
  await until("the refusals", () => sockets.filter(({ closed }) => closed).length === 24);
  await within("the end", server.close());
  await until("the end of all", () => sockets.every(({ closed }) => closed));
});

test("clients that send nothing, a part of a request, or read no answer keep no scraper out", async () => {
  const { registry } = await metrics({ processMetrics: false });
  const server = await serveMetrics(registry, { port: 0 });
  onTestFinished(() => server.close());
  const begins = [
    "",
    "GET /metrics HTTP/1.1\r\nHost: a",
    "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n",
  ];
  const sockets = Array.from({ length: 60 }, (_, index) => {
    const socket = connectTcp(server.port, server.host).on("error", () => {});
    socket.write(begins[index % begins.length] ?? "");
    return socket.pause();
  });
  onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
  await until("the connections", () => sockets.every(({ connecting }) => !connecting));
  for (let scrapes = 0; scrapes < 3; scrapes++) {
    const init = { headers: { connection: "close" } };
    expect((await fetch(`http://127.0.0.1:${server.port}/metrics`, init)).status).toBe(200);
  }
});

test("connections that the system cannot accept leave the process running", async () => {
  const { registry } = await metrics();
  const server = await serveMetrics(registry, { port: 0 });
  onTestFinished(() => server.close());
  let listener: Server | undefined;
  const onRequest = (message: unknown): void => {
    listener = (message as { readonly server: Server }).server;
  };
  subscribe("http.server.request.start", onRequest);
  onTestFinished(() => void unsubscribe("http.server.request.start", onRequest));
  const scrape = async (): Promise<number> => (await fetch(`http://127.0.0.1:${server.port}/metrics`)).status;
  expect(await scrape()).toBe(200);
  for (const code of ["ENOMEM", "ENOMEM"]) listener?.emit("error", Object.assign(new Error("accept"), { code }));
  expect(await scrape()).toBe(200);
});

test("a port in use is an error that names it", async () => {
  const { registry } = await metrics({ processMetrics: false });
  const busy: Server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void busy.close());
  await until("the port", () => busy.listening);
  const { port } = busy.address() as AddressInfo;
  expect(await failure<Error>(serveMetrics(registry, { port }))).toMatchObject({
    message: `metrics: cannot listen on 127.0.0.1:${port}: the port is in use`,
    code: "EADDRINUSE",
  });
});

test.each<[object, string]>([
  [{ buckets: [1, 0.5] }, "option buckets[1]: 0.5 is not a number of seconds over 1"],
  [{ buckets: [0] }, "option buckets[0]: 0 is not a number of seconds over 0"],
  [{ bucket: [1] }, 'unknown option "bucket" (did you mean "buckets"?)'],
  [{ registry: {} }, "option registry: invalid type object; it takes a Registry of prom-client"],
])("refuses the options %j", async (options, message) => {
  await expect(metrics(options as MetricsOptions)).rejects.toMatchObject({ status: "BAD_REQUEST", message });
});
