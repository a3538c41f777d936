import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ConnectOptions } from "sshrpc/client";
import { connectApi } from "sshrpc/generated";
import { generateKeyPair } from "sshrpc/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { bundle } from "../support/bundle.js";
import { freePort } from "../unit/runtime/ssh/support.js";
import type { HostClient } from "../unit/runtime/support/host.js";
import { apiOf, method } from "../unit/runtime/support/server.js";
import { failure, until, within } from "../unit/runtime/support/wait.js";

const BIN = fileURLToPath(new URL("../../runtime/bin/sshrpc.js", import.meta.url));
const API = apiOf(method("GET /it"), method("STORE /it", { idempotent: false }));

/** Appends a byte to a file for each completed call, after the milliseconds that the call requests. */
const HANDLERS = `
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
const pass = () => true;
const method = (verb, idempotent) =>
  ({ id: verb + " /it", resource: "it", verb, path: "/it", kind: "unary", params: {}, idempotent, request: pass, response: pass });
const handle = async (request, { signal }) => {
  appendFileSync(new URL("begun", import.meta.url), "x");
  await sleep(request.ms ?? 0, undefined, { signal });
  appendFileSync(new URL("done", import.meta.url), "x");
  return process.pid;
};
export default {
  api: { name: "test", version: "1.0.0", hash: "00", methods: [method("GET", true), method("STORE", false)] },
  handlers: new Map([["GET /it", handle], ["STORE /it", handle]]),
};
`;

/** One server of the cluster: a process of the command that can be ended and restarted on the same port. */
class ServerProcess {
  child: ChildProcess | undefined;
  /** A port that no other process takes while the server is down. */
  readonly port: number;
  readonly #program: string;
  readonly #args: readonly string[];

  constructor(port: number, program: string, args: readonly string[]) {
    this.port = port;
    this.#program = program;
    this.#args = args;
    onTestFinished(() => void this.child?.kill("SIGKILL"));
  }

  async start(): Promise<void> {
    const args = [this.#program, "serve", ...this.#args, "--port", `${this.port}`];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
    this.child = child;
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    await until("the server", () => /listens on 127\.0\.0\.1:\d+/.test(text));
  }

  /** Sends the signal, and returns how the process ended. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<{ code: number | null; signal: string | null }> {
    const child = this.child as ChildProcess;
    const exit = once(child, "exit");
    child.kill(signal);
    const [code, by] = (await within("the end of the process", exit)) as [number | null, string | null];
    return { code, signal: by };
  }
}

async function cluster(size: number, ...more: string[]) {
  const directory = mkdtempSync(join(tmpdir(), "sshrpc-faults-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = (name: string, content: string): string => {
    writeFileSync(join(directory, name), content, { mode: 0o600 });
    return join(directory, name);
  };
  const [host, alice] = [generateKeyPair(), generateKeyPair()];
  const handlers = file("handlers.mjs", HANDLERS);
  file("begun", "");
  file("done", "");
  const args = ["--handlers", handlers, "--host-key", file("host", host.privateKey), "--home", directory];
  const keys = file("authorized_keys", `scopes="*" ${alice.publicKey} alice\n`);
  const ports = await Promise.all(Array.from({ length: size }, freePort));
  const program = join(directory, "sshrpc.mjs");
  await bundle(BIN, program);
  const servers = ports.map((port) => new ServerProcess(port, program, [...args, "--authorized-keys", keys, ...more]));
  for (const server of servers) await server.start();
  const knownHosts = file("known_hosts", servers.map(({ port }) => `[127.0.0.1]:${port} ${host.publicKey}\n`).join(""));
  const connect = async (options: ConnectOptions = {}): Promise<HostClient> => {
    const targets = servers.map(({ port }) => `ssh://alice@127.0.0.1:${port}`);
    const client = await connectApi<HostClient>(API, targets, {
      identity: { privateKey: alice.privateKey },
      knownHosts,
      reconnect: { minDelay: 10, maxDelay: 200 },
      ...options,
    });
    onTestFinished(() => client.close());
    return client;
  };
  const count = (name: "begun" | "done"): number => readFileSync(join(directory, name)).length;
  return { servers, connect, count };
}

describe("a server that is killed and restarted on its port", { timeout: 60_000 }, () => {
  test("regains its clients: idempotent calls are retried, others are UNAVAILABLE, because its ledger is another one", async () => {
    const { servers, connect, count } = await cluster(1);
    const [server] = servers as [ServerProcess];
    const client = await connect();
    for (let round = 1; round <= 3; round++) {
      const get = client.it.get({ ms: 1000 }, { timeout: 20_000 });
      const store = client.it.store.safe({ ms: 60_000 });
      // In each round three calls start: these two, and the one that waits; and one is retried.
      await until("both handlers", () => count("begun") >= 4 * (round - 1) + 2);
      const killed = server.child?.pid;
      await server.end("SIGKILL");
      const waiting = client.it.store({}, { timeout: 20_000 });
      await server.start();
      expect(await within("the store", store)).toMatchObject({ ok: false, error: { status: "UNAVAILABLE" } });
      expect(await within("the store that waited", waiting)).toBe(server.child?.pid);
      expect(await within("the get", get)).toBe(server.child?.pid);
      expect(server.child?.pid).not.toBe(killed);
    }
  });
});

describe("SIGTERM on a server", { timeout: 60_000 }, () => {
  test("drains: running calls finish, new ones are rejected, and it exits normally", async () => {
    const { servers, connect, count } = await cluster(1);
    const [server] = servers as [ServerProcess];
    const client = await connect();
    const running = client.it.store({ ms: 1000 });
    await until("the handler", () => count("begun") === 1);
    // The state lasts no longer than the call, so polling may miss it.
    const drain = new Promise<void>((resolve) => client.on("state", (state) => state === "draining" && resolve()));
    const ended = server.end("SIGTERM");
    await within("the drain", drain);
    const late = client.it.store({}, { timeout: 300 });
    expect(await failure(late)).toMatchObject({ status: "DEADLINE_EXCEEDED" });
    expect(typeof (await within("the running call", running))).toBe("number");
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(count("begun")).toBe(1);
  });

  test("cancels calls that still run after the grace period, as UNAVAILABLE", async () => {
    const { servers, connect, count } = await cluster(1, "--grace", "50ms");
    const [server] = servers as [ServerProcess];
    const client = await connect();
    const running = client.it.store({ ms: 60_000 });
    await until("the handler", () => count("begun") === 1);
    const ended = server.end("SIGTERM");
    expect(await failure(running)).toMatchObject({ status: "UNAVAILABLE", message: "the server is closing" });
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(count("done")).toBe(0);
  });

  test("ends it at once when sent twice, regardless of the grace period", async () => {
    const { servers, connect, count } = await cluster(1, "--grace", "10m");
    const [server] = servers as [ServerProcess];
    const client = await connect();
    const lost = failure(client.it.store({ ms: 60_000 }));
    await until("the handler", () => count("begun") === 1);
    const ended = server.end("SIGTERM");
    await until("the drain", () => client.state === "draining");
    server.child?.kill("SIGTERM");
    expect(await ended).toEqual({ code: null, signal: "SIGTERM" });
    // Until its deadline, the call waits for a server with the same ledger.
    await client.close();
    expect(await lost).toMatchObject({ status: "UNAVAILABLE" });
  });
});

test("no call is lost or run twice while two servers are restarted in turn under load", async () => {
  const { servers, connect, count } = await cluster(2);
  const client = await connect();
  let [succeeded, going] = [0, true];
  const failures: unknown[] = [];
  const workers = Array.from({ length: 16 }, async () => {
    while (going) {
      const result = await client.it.store.safe({ ms: 2 });
      if (result.ok) succeeded++;
      else failures.push(`${result.error}`);
    }
  });
  for (let round = 0; round < 2; round++) {
    for (const server of servers) {
      const before = succeeded;
      await until("the load", () => succeeded > before + 50);
      expect(await server.end("SIGTERM")).toEqual({ code: 0, signal: null });
      await server.start();
    }
  }
  going = false;
  await within("the workers", Promise.all(workers));
  expect(failures).toEqual([]);
  expect(count("begun")).toBe(succeeded);
  expect(count("done")).toBe(succeeded);
}, 60_000);
