import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connectSsh, RpcError, retry, type SshClient, type Transport } from "sshrpc/client";
import { type Api, bindHandlers, type Client, connectApi } from "sshrpc/generated";
import { logCalls, serveHandlers } from "sshrpc/server";
import { generateKeyPair, inMemory } from "sshrpc/testing";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";

// Users pass one signal, such as that of a program that is to end, to everything. Node warns at the eleventh listener of a signal.
const MANY = 200;

const anything = () => true;
const api: Api = {
  name: "test",
  version: "1.0.0",
  hash: "00",
  methods: [
    {
      ...{ id: "GET /it", resource: "it", verb: "GET", path: "/it", kind: "unary", params: {}, idempotent: true },
      ...{ request: anything, response: anything },
    },
  ],
};

interface ItClient extends Client {
  readonly it: { get(request: object, options?: { signal: AbortSignal }): Promise<unknown> };
}

const warnings: string[] = [];
const note = ({ name, message }: Error): void => void warnings.push(`${name}: ${message}`);
beforeEach(() => void process.on("warning", note));
afterEach(() => void process.off("warning", note));

/** Starts `use` many times with one signal, aborts it, and returns the distinct outcomes. */
async function abortAll(use: (signal: AbortSignal) => Promise<unknown>, count = MANY): Promise<unknown[]> {
  const abort = new AbortController();
  const uses = Array.from({ length: count }, () =>
    use(abort.signal).then(
      () => "done",
      (error: unknown) => (error instanceof RpcError ? error.status : error),
    ),
  );
  // Warnings are emitted in a later turn.
  await new Promise((resolve) => setImmediate(resolve));
  abort.abort();
  const outcomes = new Set(await Promise.all(uses));
  await new Promise((resolve) => setImmediate(resolve));
  expect(warnings.splice(0)).toEqual([]);
  return [...outcomes];
}

const silent: Transport = { address: "silent", open: () => new Promise(() => {}) };

function serveIt(get: (request: object) => unknown): Transport {
  return inMemory(bindHandlers(api, { it: { get } }), {
    interceptors: [logCalls({ debug() {}, info() {}, warn() {}, error() {} })],
  });
}

async function serveOverSsh(): Promise<{ readonly target: string; readonly options: object }> {
  const user = generateKeyPair();
  const server = await serveHandlers(bindHandlers(api, { it: { get: () => null } }), {
    host: "127.0.0.1",
    port: 0,
    hostKeys: { privateKey: generateKeyPair().privateKey },
    authorizedKeys: { lines: [user.publicKey] },
    maxChannels: MANY,
    log: false,
  });
  onTestFinished(() => server.close());
  const identity = { privateKey: user.privateKey };
  const options = { identity, hostKey: server.fingerprints[0], sshConfig: false, agent: false };
  return { target: `ssh://alice@127.0.0.1:${server.port}`, options };
}

test("clients connect to one host with one signal", async () => {
  expect(await abortAll((signal) => connectApi(api, silent, { signal }))).toEqual(["CANCELLED"]);
});

test("clients connect over SSH with one signal", async () => {
  const { target, options } = await serveOverSsh();
  expect(await abortAll((signal) => connectApi(api, target, { ...options, signal }), 20)).toEqual(["CANCELLED"]);
  expect(await abortAll((signal) => connectSsh(target, { ...options, signal }), 20)).toEqual(["CANCELLED"]);
});

test("clients read ~/.ssh/config with one signal", async () => {
  const { target, options } = await serveOverSsh();
  const config = { ...options, sshConfig: "/dev/null" };
  expect(await abortAll((signal) => connectApi(api, target, { ...config, signal }), 20)).toEqual(["CANCELLED"]);
});

test("clients connect by the ssh program with one signal", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sshrpc-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const program = join(folder, "ssh");
  writeFileSync(program, "#!/bin/sh\nexec sleep 60\n");
  chmodSync(program, 0o700);
  const options = { transport: "openssh", openssh: { program }, sshConfig: false } as const;
  expect(await abortAll((signal) => connectApi(api, "edge", { ...options, signal }), 20)).toEqual(["CANCELLED"]);
});

test("calls share one signal", async () => {
  await using client = await connectApi<ItClient>(
    api,
    serveIt(() => new Promise(() => {})),
  );
  expect(await abortAll((signal) => client.it.get({}, { signal }))).toEqual(["CANCELLED"]);
});

test("calls that wait for a retry share one signal", async () => {
  const interceptors = [retry({ minDelay: 60_000, maxDelay: 60_000 })];
  const fail = (request: object) => {
    if ("last" in request) return null;
    throw new RpcError("RESOURCE_EXHAUSTED");
  };
  await using client = await connectApi<ItClient>(api, serveIt(fail), { interceptors });
  const abort = new AbortController();
  const calls = Array.from({ length: MANY }, () =>
    client.it.get({}, { signal: abort.signal }).catch(({ status }) => status),
  );
  // Handlers that fail at once answer in the order of the calls.
  await client.it.get({ last: true });
  abort.abort();
  expect(new Set(await Promise.all(calls))).toEqual(new Set(["RESOURCE_EXHAUSTED"]));
  await new Promise((resolve) => setImmediate(resolve));
  expect(warnings.splice(0)).toEqual([]);
});

test.each<[string, (ssh: SshClient, signal: AbortSignal) => Promise<unknown>]>([
  ["commands", (ssh, signal) => ssh.exec("GET /it", { signal })],
  ["collected commands", (ssh, signal) => ssh.run("GET /it", { signal })],
  ["forwarded connections", (ssh, signal) => ssh.connectTcp("127.0.0.1", 1, { signal })],
  [
    "copies from a host",
    (ssh, signal) => ssh.copyFrom("/nowhere-at-all/file", join(tmpdir(), "sshrpc-never-copied"), { signal }),
  ],
  ["copies to a host", (ssh, signal) => ssh.copyTo(fileURLToPath(import.meta.url), "/nowhere-at-all/file", { signal })],
])("%s share one signal", async (_, use) => {
  const { target, options } = await serveOverSsh();
  await using ssh = await connectSsh(target, options);
  expect(await abortAll((signal) => use(ssh, signal), 20)).toEqual(["CANCELLED"]);
});
