import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Client as BaseClient } from "sshrpc/client";
import { type Api, connectApi } from "sshrpc/generated";
import { generateKeyPair } from "sshrpc/testing";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { IS_FULL, rounds } from "../rounds.js";
import { bundle } from "../support/bundle.js";
import { encodeFrame, FLAG, FRAME, PREAMBLE, RawPeer } from "../support/raw-peer.js";
import { until } from "../unit/runtime/support/wait.js";
import { type Attacker, connectTo } from "./guard/support.js";

// What the holders of keys send must not fill the memory of a server, which here has a heap of 512 MB: attacks with raw frames over
// SSH, by clients without a window of the connection, beside a client that behaves.

const DIRECTORY = mkdtempSync(join(tmpdir(), "sshrpc-"));
const CHILD = join(DIRECTORY, "memory-child.mjs");
const MB = 1_000_000;
const MIB = 1024 * 1024;
const METHODS = ["GET /it", "STORE /it", "UPDATE /it", "GET /items", "UPDATE /items"];
const [GET, STORE, UPDATE, GET_ITEMS, UPDATE_ITEMS] = METHODS.map((_, index) => index) as [
  number,
  number,
  number,
  number,
  number,
];
const CHANNELS = 10;

/** An item of the largest size, and one whose parsed value takes many times as much memory as its text. */
const LARGE = JSON.stringify("x".repeat(4 * MIB - 2));
const list = (count: number, entry: unknown) => JSON.stringify({ list: Array(count).fill(entry) });
const HEAVY = list(200_000, {});

beforeAll(() => bundle(fileURLToPath(new URL("memory-child.ts", import.meta.url)), CHILD));
afterAll(() => rmSync(DIRECTORY, { recursive: true }));

const common = { params: {}, idempotent: true, request: () => true, response: () => true } as const;
const api: Api = {
  name: "memory",
  version: "1.0.0",
  hash: "00",
  methods: [{ ...common, id: "GET /it", resource: "it", verb: "GET", path: "/it", kind: "unary" }],
};

interface Client extends BaseClient {
  readonly it: { get(request?: unknown): Promise<unknown> };
}

/** A server process with a heap of 512 MB, a client that behaves, and the growth of the process. */
async function start(keys: number) {
  const [host, honest, ...others] = Array.from({ length: 2 + keys }, () => generateKeyPair());
  if (host === undefined || honest === undefined) throw new Error("no keys");
  const child = fork(CHILD, [host.privateKey, ...[honest, ...others].map(({ publicKey }) => publicKey)], {
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
  const login = async () => {
    const client = await connectApi<Client>(api, `ssh://alice@127.0.0.1:${port}`, {
      identity: { privateKey: honest.privateKey },
      hostKey,
      sshConfig: false,
      agent: false,
      retries: 0,
    });
    onTestFinished(() => client.close());
    return client;
  };
  const attackers = others.map(({ privateKey }) => new Key(() => connectTo(port, "ready", { privateKey })));
  const client = await login();
  for (let count = 0; count < 200; count++) await client.it.get();
  await until("the memory of the idle server", () => memory.length > 5);
  const idle = memory.at(-1) as number;
  return { client, login, attackers, child, growth: () => Math.max(...memory) - idle };
}

/** An attacker's key, with as many connections as its channels need. */
class Key {
  readonly #connect: () => Promise<Attacker>;
  readonly #connections: Attacker[] = [];
  readonly peers: RawPeer[] = [];

  constructor(connect: () => Promise<Attacker>) {
    this.#connect = connect;
  }

  /** Opens a channel without a HELLO. */
  async channel(perConnection = CHANNELS): Promise<RawPeer> {
    if (this.peers.length % perConnection === 0) this.#connections.push(await this.#connect());
    const peer = new RawPeer(await (this.#connections.at(-1) as Attacker).open());
    this.peers.push(peer);
    return peer;
  }

  /** Opens a channel, up to the HELLO of the server. */
  async peer(perConnection?: number): Promise<RawPeer> {
    const peer = (await this.channel(perConnection)).hello(METHODS, { message: 4 * MIB, calls: 1024 });
    await peer.remoteHello();
    return peer;
  }

  /** The numbers of the final statuses that arrived. */
  get statuses(): number[] {
    return this.peers.flatMap(({ frames }) =>
      frames.filter(({ kind }) => kind === FRAME.STATUS).map(({ payload }) => payload.readUInt16BE(0)),
    );
  }

  /** Ends all connections. */
  leave(): void {
    for (const { client } of this.#connections.splice(0)) client.destroy();
    this.peers.length = 0;
  }
}

/** Resolves when all that was written has been sent, or the server has closed the channel. */
async function sent({ duplex, closed }: RawPeer): Promise<void> {
  // ssh2 never calls back for a write on a channel that the server has closed.
  let isClosed = duplex.destroyed;
  void closed.then(() => {
    isClosed = true;
  });
  await until("the server to read", () => duplex.writableLength === 0 || isClosed);
}

/** Calls on one channel, and items of a stream. */
function calls(method: number, body: string, item?: string, credit = 0) {
  return async (key: Key, count: number): Promise<void> => {
    const peer = await key.peer();
    for (let call = 0; call < count; call++) {
      const id = 1 + 2 * call;
      if (item === undefined) peer.open(id, body, { method });
      else peer.open(id, body, { method, flags: FLAG.STREAM, credit }).send({ kind: FRAME.ITEM, id, body: item });
      await sent(peer);
    }
  };
}

async function unreadResponses(key: Key, count: number): Promise<void> {
  const peer = await key.peer();
  peer.duplex.pause();
  for (let call = 0; call < count; call++) peer.open(1 + 2 * call, "{}", { method: UPDATE });
  await sent(peer);
}

async function unreadStreams(key: Key, count: number): Promise<void> {
  for (let channel = 0; channel < count; channel++) {
    const peer = await key.peer(1);
    peer.duplex.pause();
    for (let call = 0; call < 1024; call++) peer.open(1 + 2 * call, "{}", { method: GET_ITEMS, credit: 256 * 1024 });
    await sent(peer);
  }
}

async function unfinishedFrames(key: Key, count: number): Promise<void> {
  const frame = encodeFrame({ kind: FRAME.OPEN, id: 1, method: GET, body: LARGE }).subarray(0, -1);
  for (let channel = 0; channel < count; channel++) await sent((await key.peer()).bytes(frame));
}

async function hellos(key: Key, count: number): Promise<void> {
  const methods = Array.from({ length: 400 }, (_, index) => `GET /${index}/${"x".repeat(8000)}`);
  const body = JSON.stringify({ methods, limits: { message: 1024, calls: 1 } });
  for (let channel = 0; channel < count; channel++) {
    await sent((await key.channel()).bytes(PREAMBLE).send({ kind: FRAME.HELLO, id: 0, body }));
  }
}

/**
 * The attacks, how often each is made by all keys together, and what some of the attempts are answered. Where nothing is refused,
 * those of a short run take more than 200 MB, too.
 */
const ATTACKS = [
  ["requests of 200,000 empty objects", calls(STORE, HEAVY), rounds(50, 25), 429],
  [
    "requests of 50,000 objects with an integer for a name",
    calls(STORE, list(50_000, { 1000000: 0 })),
    rounds(125, 60),
    429,
  ],
  ["responses of 1 MB that are made together and not read", unreadResponses, rounds(500, 300), undefined],
  ["unread streams of 60 kB items, on 10 connections", unreadStreams, 10, undefined],
  [
    "streams with an item of 200,000 objects, which their handlers have",
    calls(UPDATE_ITEMS, "{}", HEAVY, 1),
    rounds(100, 50),
    429,
  ],
  ["unfinished frames of 4 MiB", unfinishedFrames, 60, 429],
  ["HELLOs of 3 MB", hellos, 60, undefined],
] as const;

/** More of the kinds above, for soak runs. */
const VARIANTS = [
  ["requests of 10,000 empty objects", calls(STORE, list(10_000, {})), 750, 429],
  ["streams with an item of 4 MiB, and no credit", calls(UPDATE_ITEMS, "{}", LARGE), 100, 429],
  ["streams with an item of 200,000 objects, and no credit", calls(UPDATE_ITEMS, "{}", HEAVY), 100, 429],
] as const;

const CASES = (IS_FULL ? [5, 1] : [5]).flatMap((keys) =>
  [...ATTACKS, ...(IS_FULL ? VARIANTS : [])].map((attack) => [keys, ...attack] as const),
);

test.each(CASES)(
  "%i keys with %s do not grow a server by more than 150 MB, nor harm another key",
  async (keys, _, attack, count, status) => {
    const { client, login, attackers, child, growth } = await start(keys);
    let isOver = false;
    const attacks = Promise.all(attackers.map((key) => attack(key, count / keys)));
    const over = attacks.finally(() => {
      isOver = true;
    });
    over.catch(() => undefined);
    // With pauses, because client and attackers share a processor.
    while (!isOver) {
      expect(await client.it.get()).toBeNull();
      await sleep(5);
    }
    await over;
    if (status !== undefined) {
      await until("refused calls", () => attackers.some(({ statuses }) => statuses.includes(status)));
    }
    const another = await login();
    for (let call = 0; call < 50; call++) expect(await another.it.get()).toBeNull();
    expect(child.exitCode).toBeNull();
    expect(growth()).toBeLessThan(150 * MB);

    // What the attackers held comes back when they have gone.
    for (const key of attackers) key.leave();
    const [key] = attackers as [Key, ...Key[]];
    const answered = async () => {
      const peer = await key.peer();
      const { payload } = await peer.open(1, HEAVY, { method: GET }).next(FRAME.STATUS);
      key.leave();
      return payload.readUInt16BE(0);
    };
    await expect.poll(answered, { timeout: 20_000 }).toBe(200);
  },
  120_000,
);
