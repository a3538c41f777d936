import { generateKeyPair } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { buildAdapters } from "../../runtime/src/adapters/adapters.js";
import type { Resource } from "../../runtime/src/base/accounts/quotas.js";
import { SILENT } from "../../runtime/src/base/log.js";
import type { Peer } from "../../runtime/src/base/peer.js";
import { openServer } from "../../runtime/src/compose/open-server.js";
import type { Context } from "../../runtime/src/server/call/context.js";
import { listen } from "../../runtime/src/ssh/server/listen.js";
import { rounds } from "../rounds.js";
import { FLAG, FRAME, type Frame, PREAMBLE, RawPeer } from "../support/raw-peer.js";
import { type AnyHandler, any, handlersOf, method } from "../unit/runtime/support/server.js";
import { until, within } from "../unit/runtime/support/wait.js";
import { type Attacker, connectTo } from "./guard/support.js";

// Calls of all kinds with random requests, items and ends. All that they took from the accounts of their connection, their key and
// the server comes back.

const SEED = Number(process.env["SSHRPC_TEST_SEED"] ?? Date.now() % 1_000_000);
const METHODS = ["GET /it", "STORE /it", "GET /items", "STORE /items", "UPDATE /items"];
const HAS_STREAM = new Set([3, 4]);
const RESOURCES: readonly Resource[] = ["connections", "calls", "bytes"];
const CHANNELS = 4;
const CALLS = 25;

let state = SEED + 1;
const random = (below: number): number => {
  state = (state * 48_271) % 2_147_483_647;
  return state % below;
};
const pick = <T>(...values: readonly T[]): T => values[random(values.length)] as T;

const aborted = ({ signal }: Context) =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener("abort", () => resolve(null));
  });

/** Ends the handlers that ignore the end of their calls. */
let finish = (): void => undefined;
let finished = Promise.resolve();
function renew(): void {
  finish();
  finished = new Promise((resolve) => {
    finish = resolve;
  });
}

interface Request {
  readonly act?: string;
}

async function act({ act }: Request, ctx: Context): Promise<unknown> {
  if (act === "throw") throw new Error("as the test asks");
  if (act === "fail") ctx.fail("CONFLICT");
  if (act === "wait") return aborted(ctx);
  if (act === "ignore") return finished.then(() => null);
  if (act === "large") return "x".repeat(100_000);
  if (act === "too large") return "x".repeat(400_000);
  await new Promise((resolve) => setImmediate(resolve));
  return null;
}

async function* made(request: Request, ctx: Context) {
  const count = random(20);
  try {
    for (let item = 0; item < count; item++) yield "x".repeat(pick(1, 1000, 50_000));
    return await act(request, ctx);
  } finally {
    if (request.act === "slow") await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

async function taken(request: Request, items: AsyncIterable<unknown>, ctx: Context) {
  let left = random(10);
  for await (const _ of items) {
    if (--left < 0) break;
    if (left % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return act(request, ctx);
}

async function* echoed(request: Request, items: AsyncIterable<unknown>, ctx: Context) {
  if (request.act === "unread") return act({}, ctx);
  yield* items;
  return act(request, ctx);
}

const peers = new Set<Peer>();
const remember =
  (handler: (...args: never[]) => unknown): AnyHandler =>
  (...args: unknown[]) => {
    peers.add((args.at(-1) as Context).peer);
    return (handler as (...args: unknown[]) => unknown)(...args);
  };

async function start() {
  const methods = [
    method("GET /it"),
    method("STORE /it"),
    method("GET /items", { path: "/items", kind: "server-streaming", responseItem: any }),
    method("STORE /items", { path: "/items", kind: "client-streaming", requestItem: any }),
    method("UPDATE /items", { path: "/items", kind: "bidirectional", requestItem: any, responseItem: any }),
  ];
  const handlers = handlersOf(methods, {
    "GET /it": remember((request: Request) => (request.act === "large" ? "x".repeat(50_000) : request)),
    "STORE /it": remember(act),
    "GET /items": remember(made),
    "STORE /items": remember(taken),
    "UPDATE /items": remember(echoed),
  });
  const [host, ...keys] = Array.from({ length: 4 }, () => generateKeyPair());
  const options = {
    port: 0,
    hostKeys: { privateKey: host?.privateKey ?? "" },
    authorizedKeys: { lines: keys.map(({ publicKey }) => publicKey) },
    limits: {
      message: 300_000,
      calls: 40,
      serverCalls: 150,
      bytes: 3_000_000,
      serverBytes: 6_000_000,
      values: 20_000,
      handlerGrace: 10,
      connectionWindow: 500_000,
    },
    perKey: { rate: 2000 },
    penalties: false,
  } as const;
  const log = SILENT;
  const { server, close } = await openServer(handlers, { ...options, log });
  const listener = await listen(
    { ...options, accounts: server.accounts, scopes: [], ident: "test" },
    buildAdapters({ ...options, server, log }),
  );
  onTestFinished(() => close({}, listener));
  const login = () => connectTo(listener.port, "ready", { privateKey: pick(...keys).privateKey });
  return { accounts: server.accounts, login };
}

function body(): string {
  const act = pick("throw", "fail", "wait", "ignore", "large", "too large", "slow", "unread", "", "", "");
  const more = pick<unknown>(
    "",
    "x".repeat(random(2000)),
    "x".repeat(random(310_000)),
    Array(random(10_000)).fill({}),
    Array(25_000).fill(0),
  );
  return random(20) === 0 ? "{" : JSON.stringify({ act, more });
}

/** The frames of one call. */
function callFrames(id: number): Frame[] {
  const index = random(METHODS.length);
  const hasStream = random(30) === 0 ? !HAS_STREAM.has(index) : HAS_STREAM.has(index);
  const credit = pick(0, 1, 1000, 200_000);
  const timeout = pick(0, 0, 0, 5, 50);
  const flags = hasStream ? FLAG.STREAM : 0;
  const frames: Frame[] = [{ kind: FRAME.OPEN, id, method: index, flags, credit, timeout, body: body() }];
  if (hasStream) {
    // Within the initial credit, which one item may exceed.
    for (let item = random(4); item > 0; item--) {
      const text = JSON.stringify("x".repeat(pick(1, 1000, 50_000)));
      frames.push({ kind: FRAME.ITEM, id, body: random(30) === 0 ? "[" : text });
    }
    if (random(8) === 0) frames.push({ kind: FRAME.ITEM, id, body: JSON.stringify("x".repeat(pick(90_000, 310_000))) });
    if (random(3) > 0) frames.push({ kind: FRAME.END, id });
  }
  if (random(3) === 0) frames.push({ kind: FRAME.CREDIT, id, credit: 100_000 });
  if (random(3) === 0) frames.push({ kind: FRAME.CANCEL, id });
  return frames.filter(({ kind }) => kind !== FRAME.CREDIT || index === 2 || index === 4);
}

/** A channel of the native wire: its calls, then its end. */
async function frames(connection: Attacker): Promise<void> {
  const peer = new RawPeer(await connection.open());
  if (random(15) === 0) {
    const methods = Array.from({ length: 400 }, (_, index) => `GET /${index}/${"x".repeat(8000)}`);
    peer
      .bytes(PREAMBLE)
      .send({ kind: FRAME.HELLO, id: 0, body: JSON.stringify({ methods, limits: { message: 1, calls: 1 } }) });
    return;
  }
  const connectionLimit = random(2) === 0 ? { connection: 500_000 } : {};
  // Some hold more than a connection may without asking its account.
  const methods = random(3) === 0 ? [...METHODS, ...Array(50).fill(`GET /${"x".repeat(4000)}`)] : METHODS;
  peer.hello(methods, { message: 300_000, window: 65_536, ...connectionLimit });
  if (random(4) === 0) peer.duplex.pause();
  for (let call = 0; call < CALLS; call++) {
    for (const frame of callFrames(1 + 2 * call)) {
      if (peer.duplex.destroyed) return;
      peer.send(frame);
      if (random(4) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const end = random(6);
  // A CLOSE with the beginning of a frame behind it, half of a frame, an invalid frame, or nothing.
  if (end === 0)
    peer
      .send({ kind: FRAME.CLOSE, id: 0, body: "{}" })
      .bytes(Buffer.from([0, 3, 0, 0, 2, 0, 0, 0, 0, 1, ...Array(9000).fill(32)]));
  else if (end === 1)
    peer.bytes(Buffer.concat([Buffer.from([0, 3, 0, 0, 2, 0, 0, 0, 3, 1]), Buffer.alloc(150_000, 32)]));
  else if (end === 2) peer.send({ kind: FRAME.ITEM, id: 9999 });
}

/** A command with a request, and items on its standard input. */
async function command(connection: Attacker): Promise<void> {
  const index = random(METHODS.length);
  const channel = await new Promise<import("ssh2").ClientChannel>((resolve, reject) =>
    connection.client.exec(`${METHODS[index]} act=${pick("wait", "ignore", "large", "throw", "")}`, (error, opened) =>
      error ? reject(error) : resolve(opened),
    ),
  );
  channel.on("error", () => undefined).resume();
  if (HAS_STREAM.has(index)) for (let item = random(4); item > 0; item--) channel.write(`${body()}\n`);
  pick(
    () => channel.end(),
    () => channel.close(),
    () => undefined,
  )();
}

test(`accounts are zero after random calls with random ends (SSHRPC_TEST_SEED=${SEED})`, async () => {
  const { accounts, login } = await start();
  renew();
  let most = 0;
  const check = (): void => {
    for (const resource of RESOURCES) expect(accounts.held(resource)).toBeGreaterThanOrEqual(0);
    most = Math.max(most, accounts.held("bytes"));
  };
  for (let round = 0; round < rounds(150); round++) {
    const connections = await Promise.all([login(), login()]);
    const work = connections.flatMap((connection) => [
      ...Array.from({ length: CHANNELS }, () => frames(connection)),
      ...Array.from({ length: random(4) }, () => command(connection)),
    ]);
    // The server may close a connection under it.
    await within("the frames", Promise.allSettled(work));
    check();
    if (random(2) === 0) await new Promise((resolve) => setTimeout(resolve, random(40)));
    check();
    if (random(2) === 0) renew();
    for (const { client } of connections)
      pick(
        () => client.destroy(),
        () => client.end(),
      )();
    await Promise.all(connections.map(({ gone }) => within("the end of the connections", gone)));
  }
  expect(most).toBeGreaterThan(3_000_000);
  finish();
  const held = () =>
    [accounts, ...[...peers].map((peer) => accounts.of(peer))].map((account) =>
      RESOURCES.map((resource) => account.held(resource)),
    );
  const isZero = () =>
    held()
      .flat()
      .every((amount) => amount === 0);
  await until("the accounts to be zero", isZero).catch(() => undefined);
  expect(held().filter((amounts) => amounts.some((amount) => amount !== 0))).toEqual([]);
}, 300_000);
