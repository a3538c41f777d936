import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { bundle } from "../support/bundle.js";
import { encodeFrame, FLAG, FRAME, PREAMBLE, RawPeer } from "../support/raw-peer.js";
import { until, within } from "../unit/runtime/support/wait.js";

// What one key sends must not fill the memory of a server, which here has a heap of 512 MB: attacks with raw frames, by a client
// without a window of the connection, beside a client that behaves.

const DIRECTORY = mkdtempSync(join(tmpdir(), "sshrpc-"));
const CHILD = join(DIRECTORY, "memory-child.mjs");
const MIB = 1024 * 1024;
const METHODS = ["GET /it", "UPDATE /echo"];

/** An item of the largest size, and one whose parsed value takes more than ten times as much memory as its text. */
const LARGE = JSON.stringify("x".repeat(4 * MIB - 2));
const HEAVY = `[${"{},".repeat(240_000)}{}]`;

interface Report {
  readonly rss: number;
  /** Bytes of the accounts. */
  readonly held: number;
}

let server: ChildProcess;
let ports: readonly number[];
let peers: RawPeer[] = [];

beforeAll(() => bundle(fileURLToPath(new URL("memory-child.ts", import.meta.url)), CHILD));
afterAll(() => rmSync(DIRECTORY, { recursive: true }));

beforeEach(async () => {
  server = fork(CHILD, { execArgv: ["--max-old-space-size=512", "--expose-gc"], timeout: 120_000 });
  ports = (await within("the ports", message<{ readonly ports: readonly number[] }>())).ports;
});

afterEach(() => {
  for (const { duplex } of peers) duplex.destroy();
  peers = [];
  server.kill("SIGKILL");
});

function message<Message>(): Promise<Message> {
  return new Promise((resolve, reject) => {
    server.once("message", (value) => resolve(value as Message));
    server.once("exit", (code, signal) => reject(new Error(`the server has ended: ${code ?? signal}`)));
  });
}

async function report(): Promise<Report> {
  const answer = message<Report>();
  server.send("report");
  return within("the report", answer);
}

function dial(port: number | undefined): RawPeer {
  const peer = new RawPeer(connect({ port: port as number, host: "127.0.0.1", noDelay: true }));
  peers.push(peer);
  return peer;
}

const hostile = (): RawPeer => dial(ports[0]).hello(METHODS, { message: 4 * MIB, calls: 1024 });

/** Resolves when the server has read all that was written. */
async function read(...written: readonly RawPeer[]): Promise<void> {
  await until("the server to read", () => written.every(({ duplex }) => duplex.writableLength === 0));
}

/** Waits until the accounts hold nothing. */
async function expectReleased(): Promise<void> {
  for (let tries = 0; (await report()).held > 0; tries++) {
    if (tries > 1000) throw new Error("the accounts still hold memory");
  }
}

/** A client of another key is answered, and the server has not grown by more than 150 MB. */
async function expectUnharmed(idle: Report): Promise<void> {
  const honest = dial(ports[1]).hello(METHODS);
  honest.open(1, '{"a":1}').open(3, "{}", { method: 1, flags: FLAG.STREAM, credit: 1000 });
  honest.send({ kind: FRAME.ITEM, id: 3, body: '{"b":2}' }, { kind: FRAME.END, id: 3 });
  const answers = [await honest.next(FRAME.STATUS), await honest.next(FRAME.STATUS)];
  expect(answers.map(({ id, payload }) => [id, payload.readUInt16BE(0)])).toEqual([
    [1, 200],
    [3, 200],
  ]);
  expect(honest.frames.find(({ kind }) => kind === FRAME.ITEM)?.payload.toString()).toBe('{"b":2}');
  const now = await report();
  expect((now.rss - idle.rss) / MIB).toBeLessThan(150);
}

/** Bidirectional calls with one item each; returns how many the server has ended. */
async function openEchoes(calls: number, credit: number, item: string): Promise<RawPeer> {
  const peer = hostile();
  await peer.remoteHello();
  for (let call = 0; call < calls; call++) {
    const id = 1 + 2 * call;
    peer.open(id, "{}", { method: 1, flags: FLAG.STREAM, credit }).send({ kind: FRAME.ITEM, id, body: item });
    await read(peer);
  }
  return peer;
}

test.each([
  ["4 MiB, with no credit given", 0, LARGE],
  ["480,000 values, with no credit given", 0, HEAVY],
  ["480,000 values, which the handlers have, with credit for none of them", 1, HEAVY],
])(
  "calls whose items wait are ended beyond the quota: items of %s",
  async (_, credit, item) => {
    const idle = await report();
    const calls = 100;
    const peer = await openEchoes(calls, credit, item);
    await until("refused calls", () => peer.frames.some(({ kind }) => kind === FRAME.STATUS));
    const { payload } = await peer.next(FRAME.STATUS);
    expect(payload.readUInt16BE(0)).toBe(429);
    expect(JSON.parse(payload.toString("utf8", 2))).toMatchObject({ details: { retryAfter: expect.any(Number) } });
    await expectUnharmed(idle);
    // What the calls held comes back with their end.
    for (let call = 0; call < calls; call++) peer.send({ kind: FRAME.CANCEL, id: 1 + 2 * call });
    await until("all answers", () => peer.frames.filter(({ kind }) => kind === FRAME.STATUS).length === calls);
    await expectReleased();
  },
  120_000,
);

test("requests on connections with unfinished frames are refused beyond the quota", async () => {
  const idle = await report();
  const open = { kind: FRAME.OPEN, id: 1, method: 0, body: LARGE.slice(0, 4 * MIB) } as const;
  const unfinished = encodeFrame(open);
  const attackers = Array.from({ length: 60 }, hostile);
  for (const peer of attackers) {
    await peer.remoteHello();
    peer.bytes(unfinished.subarray(0, -1));
    await read(peer);
  }
  await expectUnharmed(idle);
  const refused = await until("refused requests", () => {
    const found = attackers.filter(({ frames }) => frames.some(({ kind }) => kind === FRAME.STATUS));
    return found.length > 40 && found;
  });
  for (const peer of refused) {
    const { payload, flags } = await peer.next(FRAME.STATUS);
    expect([payload.readUInt16BE(0), flags]).toEqual([429, FLAG.REFUSED]);
    // The rest of the frame is skipped, and the connection goes on.
    peer.bytes(unfinished.subarray(-1));
  }
  for (const { duplex } of attackers.filter((peer) => !refused.includes(peer))) duplex.destroy();
  await expectReleased();
  const [first] = refused;
  first?.open(3, '{"c":3}');
  expect((await first?.next(FRAME.STATUS))?.payload.readUInt16BE(0)).toBe(200);
}, 120_000);

test("connections whose HELLO has no room are closed with the reason", async () => {
  const idle = await report();
  const methods = Array.from({ length: 400 }, (_, index) => `GET /${index}/${"x".repeat(8000)}`);
  const body = JSON.stringify({ methods, limits: { message: 1024, calls: 1 } });
  const attackers = Array.from({ length: 60 }, () => dial(ports[0]));
  for (const peer of attackers) {
    peer.bytes(PREAMBLE).send({ kind: FRAME.HELLO, id: 0, body });
    await read(peer);
  }
  const closed = await until("refused connections", () => {
    const found = attackers.filter(({ frames }) => frames.some(({ kind }) => kind === FRAME.CLOSE));
    return found.length > 40 && found;
  });
  await expectUnharmed(idle);
  expect(await closed[0]?.reason()).toContain("may hold 67108864 bytes");
}, 120_000);
