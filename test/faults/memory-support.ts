import { fork } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Client as BaseClient } from "sshrpc/client";
import { type Api, connectApi } from "sshrpc/generated";
import { generateKeyPair } from "sshrpc/testing";
import { onTestFinished } from "vitest";
import { bundle } from "../support/bundle.js";
import { FRAME, RawPeer } from "../support/raw-peer.js";
import { tempDir } from "../unit/runtime/ssh/support.js";
import { until } from "../unit/runtime/support/wait.js";
import { type Attacker, connectTo } from "./guard/support.js";

const CHILD = fileURLToPath(new URL("memory-child.ts", import.meta.url));
export const MB = 1_000_000;
export const MIB = 1024 * 1024;
export const METHODS = ["GET /it", "STORE /it", "UPDATE /it", "GET /items", "UPDATE /items"];
export const [GET, STORE, UPDATE, GET_ITEMS, UPDATE_ITEMS] = METHODS.map((_, index) => index) as [
  number,
  number,
  number,
  number,
  number,
];
const CHANNELS = 10;

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
export async function start(keys: number) {
  const [host, honest, ...others] = Array.from({ length: 2 + keys }, () => generateKeyPair());
  if (host === undefined || honest === undefined) throw new Error("no keys");
  // Not once for all: a worker loads this module once for several files, and each would remove what the next one needs.
  const program = join(tempDir(), "memory-child.mjs");
  await bundle(CHILD, program);
  const child = fork(program, [host.privateKey, ...[honest, ...others].map(({ publicKey }) => publicKey)], {
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
export class Key {
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
export async function sent({ duplex, closed }: RawPeer): Promise<void> {
  // ssh2 never calls back for a write on a channel that the server has closed.
  let isClosed = duplex.destroyed;
  void closed.then(() => {
    isClosed = true;
  });
  await until("the server to read", () => duplex.writableLength === 0 || isClosed);
}
