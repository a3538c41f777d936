import { writeFileSync } from "node:fs";
import { join } from "node:path";
import ssh2, { type ClientChannel } from "ssh2";
import type { Client as BaseClient } from "sshrpc/client";
import { type Api, bindHandlers, connectApi } from "sshrpc/generated";
import { type ServeOptions, serveHandlers } from "sshrpc/server";
import { generateKeyPair } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { connectTo } from "../../../faults/guard/support.js";
import { FRAME, RawPeer } from "../../../support/raw-peer.js";
import { makeCertificate, makeSigner } from "../ssh/keys/make-keys.js";
import { TestLog, tempDir } from "../ssh/support.js";
import { Recorder } from "../support/recorder.js";
import { failure, until, within } from "../support/wait.js";

const anything = () => true;
const common = { resource: "it", path: "/it", params: {}, request: anything, response: anything } as const;
const api: Api = {
  name: "test",
  version: "1.0.0",
  hash: "00",
  methods: [
    { ...common, id: "GET /it", verb: "GET", kind: "unary", idempotent: true },
    { ...common, id: "STORE /it", verb: "STORE", kind: "unary", idempotent: false },
  ],
};

/** A client of the API above. */
interface Client extends BaseClient {
  readonly it: {
    get(request?: unknown, options?: object): Promise<unknown>;
    store(request?: unknown, options?: object): Promise<unknown>;
  };
}

type Key = ReturnType<typeof generateKeyPair>;

const hostKey = generateKeyPair();

/** A server whose GET lasts until `finish`, and whose STORE answers at once. */
async function serve(keys: readonly Key[], options: Partial<ServeOptions> = {}) {
  let running = 0;
  let finish = (): void => {};
  const finished = new Promise<null>((resolve) => {
    finish = () => resolve(null);
  });
  let stored = 0;
  const store = (request: unknown) => {
    stored++;
    return "x".repeat((request as { size?: number }).size ?? 0) || null;
  };
  const get = () => {
    running++;
    return finished.finally(() => running--);
  };
  const recorder = new Recorder();
  const log = new TestLog();
  const server = await serveHandlers(bindHandlers(api, { it: { get, store } }), {
    host: "127.0.0.1",
    port: 0,
    hostKeys: { privateKey: hostKey.privateKey },
    authorizedKeys: { lines: keys.map(({ publicKey }) => publicKey) },
    observer: recorder.observer,
    log,
    ...options,
  });
  onTestFinished(() => server.close());
  const url = `ssh://alice@127.0.0.1:${server.port}`;
  const connect = async (key: Key, clientOptions: object = {}) => {
    const client = await connectApi<Client>(api, url, {
      identity: key.privateKey.startsWith("/") ? key.privateKey : { privateKey: key.privateKey },
      hostKey: server.fingerprints[0] as string,
      sshConfig: false,
      agent: false,
      retries: 0,
      ...clientOptions,
    });
    onTestFinished(() => client.close());
    return client;
  };
  return { server, connect, finish, recorder, log, running: () => running, stored: () => stored };
}

/** An SSH connection with several channels, and a client of the API on each. */
async function channels(port: number, key: Key, count: number) {
  const connection = new ssh2.Client();
  onTestFinished(() => void connection.end());
  connection.on("error", () => undefined);
  await new Promise<void>((resolve) => {
    connection
      .once("ready", resolve)
      .connect({ host: "127.0.0.1", port, username: "alice", privateKey: key.privateKey });
  });
  const clients = Array.from({ length: count }, async () => {
    const open = () =>
      new Promise<ClientChannel>((resolve, reject) =>
        connection.subsys("sshrpc", (error, channel) => (error ? reject(error) : resolve(channel))),
      );
    const client = await connectApi<Client>(api, { address: "channel", open }, { retries: 0 });
    onTestFinished(() => client.close());
    return client;
  });
  return Promise.all(clients);
}

test("all channels of one SSH connection share limits.calls, and two connections cannot take the server's", async () => {
  const [greedy, other] = [generateKeyPair(), generateKeyPair()];
  const { server, connect, finish, running } = await serve([greedy, other], { limits: { calls: 20, serverCalls: 60 } });
  const clients = [await channels(server.port, greedy, 8), await channels(server.port, greedy, 8)].flat();
  const calls = clients.flatMap((client) =>
    Array.from({ length: 20 }, () => failure(client.it.get()).catch(() => "OK")),
  );
  const honest = await connect(other);
  await until("the calls of both connections", () => running() === 40);
  for (let count = 0; count < 50; count++) expect(await honest.it.store()).toBeNull();
  finish();
  const outcomes = await within("the calls", Promise.all(calls));
  const refused = outcomes.filter((outcome) => outcome !== "OK");
  expect(refused).toHaveLength(320 - 40);
  expect(refused[0]).toMatchObject({
    status: "RESOURCE_EXHAUSTED",
    message: expect.stringContaining("this connection already runs 20 calls (limits.calls)"),
    details: { retryAfter: 1000 },
  });
});

test("a key with all calls of a server leaves other keys their share", async () => {
  const [greedy, other] = [generateKeyPair(), generateKeyPair()];
  const { connect, finish, running } = await serve([greedy, other], { limits: { calls: 100, serverCalls: 40 } });
  const first = await connect(greedy);
  const calls = Array.from({ length: 41 }, () => first.it.get());
  const last = await failure(calls.pop() as Promise<unknown>);
  expect(last).toMatchObject({
    message: expect.stringContaining("the server already runs 40 calls (limits.serverCalls)"),
  });
  await until("the calls", () => running() === 40);
  const honest = await connect(other);
  // A quarter of the limit, for the second key.
  const more = Array.from({ length: 10 }, () => honest.it.get());
  await until("the calls of the other key", () => running() === 50);
  expect(await failure(honest.it.get())).toMatchObject({ status: "RESOURCE_EXHAUSTED" });
  finish();
  await within("the calls", Promise.all([...calls, ...more]));
});

test("one key cannot take all connections: another key gets the place of one that is idle", async () => {
  const [greedy, other] = [generateKeyPair(), generateKeyPair()];
  const perKey = { connections: 4 };
  const { connect, recorder, log, running, finish } = await serve([greedy, other], { maxConnections: 4, perKey });
  const busy = await connect(greedy);
  const call = busy.it.get();
  await until("the call", () => running() === 1);
  // One that loses its place would connect again, and be refused again.
  for (let count = 0; count < 3; count++) await connect(greedy, { reconnect: false });
  const refused = await failure<Error>(connect(greedy));
  expect(refused.message).toContain("this key has 4 connections (perKey.connections)");
  const honest = await connect(other);
  expect(await honest.it.store()).toBeNull();
  expect(recorder.of("connectionDenied")).toMatchObject([
    { peer: { user: "alice" }, reason: expect.stringContaining("perKey.connections") },
    { peer: { user: "alice" }, reason: expect.stringContaining("another key needs the place") },
  ]);
  expect(log.with("connection denied: too many connections")).toHaveLength(2);
  finish();
  expect(await call).toBeNull();
});

test("a key has half of maxConnections by default", async () => {
  const key = generateKeyPair();
  const { connect } = await serve([key], { maxConnections: 4 });
  await connect(key);
  await connect(key);
  expect((await failure<Error>(connect(key))).message).toContain("this key has 2 connections (perKey.connections)");
});

test("a request whose values do not fit is refused before it is parsed, with the limit and its option", async () => {
  const key = generateKeyPair();
  const { connect, finish } = await serve([key], { limits: { bytes: 1_000_000 } });
  const client = await connect(key);
  // 60 kB of text, 40,000 values: 4.1 MB of memory.
  const request = { list: Array(20_000).fill({}) };
  const error = await failure(client.it.store(request));
  expect(error).toMatchObject({ status: "RESOURCE_EXHAUSTED", details: undefined });
  expect((error as Error).message).toMatch(
    /^this connection may hold 1000000 bytes of memory, and this takes \d+ more \(limits.bytes\)$/,
  );
  // 600 kB each: the second one waits until the first one is done.
  const half = { list: Array(3000).fill({}) };
  const first = client.it.get(half);
  expect(await failure(client.it.store(half))).toMatchObject({ details: { retryAfter: 1000 } });
  finish();
  await first;
  expect(await client.it.store(half)).toBeNull();
});

test("a call whose handler has run is not to be sent again, although there is no memory for its response", async () => {
  const key = generateKeyPair();
  const { connect, finish, running, stored } = await serve([key], { limits: { bytes: 1_000_000 } });
  const client = await connect(key, { retries: 3 });
  const first = client.it.get({ list: Array(4000).fill({}) });
  await until("the call", () => running() === 1);
  const error = await failure(client.it.store({ size: 300_000 }));
  expect(error).toMatchObject({ status: "RESOURCE_EXHAUSTED", details: undefined });
  expect(stored()).toBe(1);
  finish();
  await first;
});

test("a stuck handler gives its place back, and its memory when it ends", async () => {
  const key = generateKeyPair();
  const options = { limits: { bytes: 1_000_000, calls: 1, handlerGrace: 10 } };
  const { connect, finish, running, recorder } = await serve([key], options);
  const client = await connect(key);
  const large = { list: Array(4000).fill({}) };
  const abort = new AbortController();
  const call = failure(client.it.get(large, { signal: abort.signal }));
  await until("the call", () => running() === 1);
  abort.abort();
  await call;
  await until("the stuck handler", () => recorder.of("handlerStuck").length === 1);
  expect(await client.it.store()).toBeNull();
  expect(await failure(client.it.store(large))).toMatchObject({ status: "RESOURCE_EXHAUSTED" });
  finish();
  await until("its end", () => running() === 0);
  expect(await client.it.store(large)).toBeNull();
});

test("a HELLO with more methods than the contract can use ends its channel, and no other", async () => {
  const key = generateKeyPair();
  const { server } = await serve([key]);
  const connection = await connectTo(server.port, "ready", { privateKey: key.privateKey });
  const [peer, other] = [new RawPeer(await connection.open()), new RawPeer(await connection.open())];
  peer.hello(Array.from({ length: 65_000 }, (_, at) => `GET /${at}`));
  const { payload } = await peer.next(FRAME.CLOSE);
  expect(payload.toString()).toContain("HELLO");
  other.hello(Array.from({ length: 1000 }, (_, at) => `GET /${at}`)).open(1, "{}");
  expect((await other.next(FRAME.STATUS)).payload.readUInt16BE()).toBe(404);
});

test("the client sends a refused call again after retryAfter, also one that is not idempotent", async () => {
  const key = generateKeyPair();
  const { connect, finish, running, recorder } = await serve([key], { limits: { serverCalls: 1 } });
  const first = await connect(key);
  const retries = new Recorder();
  const second = await connect(key, { retries: 3, observer: retries.observer });
  const call = first.it.get();
  await until("the call", () => running() === 1);
  const retried = second.it.store();
  await until("the refusal", () => recorder.of("callEnded").some(({ status }) => status === "RESOURCE_EXHAUSTED"));
  finish();
  await call;
  expect(await retried).toBeNull();
  expect((retries.of("callRetried")[0] as unknown as { delay: number }).delay).toBeGreaterThanOrEqual(1000);
  // With less time than the server asks to wait, the call fails at once.
  const third = await serve([key], { limits: { serverCalls: 1 } });
  const blocking = (await third.connect(key)).it.get();
  await until("the call", () => third.running() === 1);
  const hurried = (await third.connect(key, { retries: 3 })).it.store({}, { timeout: 900 });
  expect(await failure(hurried)).toMatchObject({ status: "RESOURCE_EXHAUSTED" });
  third.finish();
  await blocking;
});

test("the limits of a cert-authority line apply to each key id that it certifies", async () => {
  const authority = makeSigner("ssh-ed25519");
  const lines = [`cert-authority,limits="calls=1" ${authority.line}`];
  const { connect, running, finish } = await serve([], { authorizedKeys: { lines } });
  /** A new key with a certificate beside its file. */
  const login = (keyId: string) => {
    const { privateKey, publicKey } = generateKeyPair();
    const [type = "", text = ""] = publicKey.split(" ");
    const fields = Buffer.from(text, "base64").subarray(4 + type.length);
    const certificate = makeCertificate({ ...authority, fields }, authority, { keyId });
    const file = join(tempDir(), "id");
    writeFileSync(file, privateKey, { mode: 0o600 });
    writeFileSync(`${file}.pub`, `${publicKey}\n`);
    writeFileSync(`${file}-cert.pub`, `${type}-cert-v01@openssh.com ${certificate.toString("base64")}\n`);
    return connect({ privateKey: file, publicKey });
  };
  const [first, again, other] = [await login("build"), await login("build"), await login("deploy")];
  const call = first.it.get();
  await until("the call", () => running() === 1);
  expect(await failure(again.it.get())).toMatchObject({ message: "this key already runs 1 calls (its limits)" });
  const more = other.it.get();
  await until("the call of the other key id", () => running() === 2);
  finish();
  await Promise.all([call, more]);
});

test("the limits of a line in authorized_keys apply to its key, and a change applies to its open connections", async () => {
  const [limited, other] = [generateKeyPair(), generateKeyPair()];
  const file = join(tempDir(), "authorized_keys");
  const write = (options: string) => writeFileSync(file, `${options} ${limited.publicKey}\n${other.publicKey}\n`);
  write('limits="calls=1,connections=2,bytes=64K"');
  const { connect, running, finish } = await serve([], { authorizedKeys: file });
  const client = await connect(limited);
  const call = client.it.get();
  await until("the call", () => running() === 1);
  expect(await failure(client.it.get())).toMatchObject({
    status: "RESOURCE_EXHAUSTED",
    message: "this key already runs 1 calls (its limits)",
  });
  await connect(limited);
  expect((await failure<Error>(connect(limited))).message).toContain("this key has 2 connections (its limits)");
  const free = await connect(other);
  const calls = [free.it.get(), free.it.get()];
  await until("the calls of the other key", () => running() === 3);
  write('limits="calls=2,rate=1/s"');
  const more = await until("the new limits", () => running() === 4 || void client.it.get().catch(() => undefined));
  expect(more).toBe(true);
  expect(await failure(client.it.get())).toMatchObject({
    message: expect.stringMatching(/^this key (?:already runs 2 calls|may begin 1 calls per second) \(its limits\)$/),
  });
  finish();
  await Promise.all([call, ...calls]);
});

test("reload() applies limits of keys at once, also to connected ones, and keeps what a key has of its own", async () => {
  const [alice, bob] = [generateKeyPair(), generateKeyPair()];
  const authorizedKeys = { lines: [alice.publicKey, `limits="calls=1" ${bob.publicKey}`] };
  const { server, connect, running, finish } = await serve([], { authorizedKeys, perKey: { calls: 1 } });
  const base = { port: 0, hostKeys: { privateKey: hostKey.privateKey }, authorizedKeys };
  const [first, second] = [await connect(alice), await connect(bob)];
  const calls = [first.it.get(), second.it.get()];
  await until("both calls", () => running() === 2);
  expect(await failure(first.it.get())).toMatchObject({ status: "RESOURCE_EXHAUSTED" });
  await server.reload({ ...base, perKey: { calls: 2 } });
  calls.push(first.it.get());
  await until("the call within the new limit", () => running() === 3);
  expect(await failure(second.it.get())).toMatchObject({ status: "RESOURCE_EXHAUSTED" });
  await server.reload(base);
  calls.push(first.it.get());
  await until("the call without a limit", () => running() === 4);
  finish();
  await Promise.all(calls);
});

test("reload() limits new connections by source, and changes nothing for an invalid option", async () => {
  const key = generateKeyPair();
  const { server, connect } = await serve([key]);
  const base = { port: 0, hostKeys: { privateKey: hostKey.privateKey }, authorizedKeys: { lines: [key.publicKey] } };
  const refused = await failure(server.reload({ ...base, exemptSources: [], perSource: { address: 0 } }));
  expect(refused).toMatchObject({
    status: "BAD_REQUEST",
    message: expect.stringContaining("perSource.address"),
  });
  // Exempt until the reload, so not among those that are counted.
  await connect(key);
  await server.reload({ ...base, exemptSources: [], perSource: { address: 1 } });
  await connect(key);
  expect(await failure(connect(key))).toMatchObject({ status: "UNAVAILABLE" });
  await server.reload(base);
  await connect(key);
});
