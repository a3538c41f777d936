import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Client as BaseClient } from "sshrpc/client";
import { type Api, connectApi } from "sshrpc/generated";
import { generateKeyPair } from "sshrpc/testing";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { bundle } from "../../support/bundle.js";
import { until } from "../../unit/runtime/support/wait.js";

const DIRECTORY = mkdtempSync(join(tmpdir(), "sshrpc-"));
const CHILD = join(DIRECTORY, "memory-child.mjs");

beforeAll(() => bundle(fileURLToPath(new URL("memory-child.ts", import.meta.url)), CHILD));
afterAll(() => rmSync(DIRECTORY, { recursive: true }));

const anything = () => true;
const common = { resource: "it", path: "/it", params: {}, request: anything, response: anything } as const;
const api: Api = {
  name: "memory",
  version: "1.0.0",
  hash: "00",
  methods: [
    { ...common, id: "GET /it", verb: "GET", kind: "unary", idempotent: true },
    { ...common, id: "STORE /it", verb: "STORE", kind: "unary", idempotent: false },
    { ...common, id: "UPDATE /it", verb: "UPDATE", kind: "unary", idempotent: false },
  ],
};

interface Client extends BaseClient {
  readonly it: Record<"get" | "store" | "update", (request?: unknown, options?: object) => Promise<unknown>>;
}

/** A server process with a heap of 512 MB, clients of six keys, and the memory of the process. */
async function start() {
  const host = generateKeyPair();
  const keys = Array.from({ length: 6 }, () => generateKeyPair());
  const child = fork(CHILD, [host.privateKey, ...keys.map(({ publicKey }) => publicKey)], {
    execArgv: ["--max-old-space-size=512"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let [port, hostKey] = [0, ""];
  const memory: number[] = [];
  child.on("message", (message: { readonly port: number; readonly hostKey: string } | { readonly rss: number }) => {
    if ("rss" in message) memory.push(message.rss);
    else ({ port, hostKey } = message);
  });
  await until("the server", () => port > 0);
  const connect = async ({ privateKey }: (typeof keys)[number]) => {
    const client = await connectApi<Client>(api, `ssh://alice@127.0.0.1:${port}`, {
      identity: { privateKey },
      hostKey,
      sshConfig: false,
      agent: false,
      retries: 0,
    });
    onTestFinished(() => client.close());
    return client;
  };
  const clients = await Promise.all(keys.map(connect));
  for (const client of clients) for (let count = 0; count < 100; count++) await client.it.get();
  const [honest, ...attackers] = clients as [Client, ...Client[]];
  await until("the memory of the idle server", () => memory.length > 5);
  const idle = memory.at(-1) as number;
  return { honest, attackers, child, growth: () => Math.max(...memory) - idle };
}

const settled = (calls: readonly Promise<unknown>[]) =>
  Promise.all(
    calls.map((call) =>
      call.then(
        () => "OK",
        ({ status }: { status: string }) => status,
      ),
    ),
  );

/** Small calls of another key, as long as `attack` lasts. */
async function beside(honest: Client, attack: Promise<unknown>): Promise<void> {
  let isOver = false;
  const over = attack.finally(() => {
    isOver = true;
  });
  while (!isOver) expect(await honest.it.get()).toBeNull();
  await over;
}

const MB = 1_000_000;

const list = (count: number, entry: unknown) => ({ list: Array(count).fill(entry) });

test.each([
  ["17 requests of 200,000 empty objects", 17, list(200_000, {})],
  ["150 requests of 10,000 empty objects", 150, list(10_000, {})],
  ["25 requests of 50,000 objects with an integer for a name", 25, list(50_000, { 1000000: 0 })],
])(
  "five keys with %s each do not grow a server with a heap of 512 MB by more than 150 MB",
  async (_, count, request) => {
    const { honest, attackers, child, growth } = await start();
    const statuses: string[] = [];
    const attack = attackers.map(async ({ it }) => {
      const calls = Array.from({ length: count }, () => it.store(request, { timeout: 4000 }));
      statuses.push(...(await settled(calls)));
    });
    await beside(honest, Promise.all(attack));
    expect(child.exitCode).toBeNull();
    // The others were accepted. Without limits all of them are, and the process ends.
    expect(new Set(statuses)).toEqual(new Set(["RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"]));
    expect(growth()).toBeLessThan(150 * MB);
  },
  60_000,
);

test("1 MB responses to 500 calls that end together do not, either", async () => {
  const { honest, attackers, child, growth } = await start();
  const statuses: string[] = [];
  const attack = attackers.map(async ({ it }) => {
    statuses.push(...(await settled(Array.from({ length: 100 }, () => it.update({}, { timeout: 20_000 })))));
  });
  await beside(honest, Promise.all(attack));
  expect(child.exitCode).toBeNull();
  expect(statuses).toContain("OK");
  expect(growth()).toBeLessThan(150 * MB);
}, 60_000);
