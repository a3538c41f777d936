import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type ssh2 from "ssh2";
import { generateKeyPair } from "sshrpc/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundle } from "../../support/bundle.js";
import { within } from "../../unit/runtime/support/wait.js";
import { type Attacker, connectTo, string, uint32 } from "./support.js";

const DIRECTORY = mkdtempSync(join(tmpdir(), "sshrpc-"));
const CHILD = join(DIRECTORY, "memory-child.mjs");

/** Bytes by which the server may grow under attack. */
const GROWTH = 100_000_000;

interface Memory {
  readonly now: number;
  readonly peak: number;
}

interface Server {
  readonly connect: (options?: ssh2.ConnectConfig) => Promise<Attacker>;
  readonly memory: () => Promise<Memory>;
}

const children: ChildProcess[] = [];
let unread: Server;
let writing: Server;

beforeAll(async () => {
  await bundle(fileURLToPath(new URL("memory-child.ts", import.meta.url)), CHILD);
  [unread, writing] = await Promise.all([startServer("read"), startServer("write")]);
}, 60_000);
afterAll(() => {
  for (const child of children) child.kill();
  rmSync(DIRECTORY, { recursive: true });
});

async function startServer(how: "read" | "write"): Promise<Server> {
  const child = fork(CHILD, [how], { execArgv: ["--expose-gc"] });
  children.push(child);
  const died = once(child, "exit").then(([code]) => Promise.reject(new Error(`the server ended with ${code}`)));
  died.catch(() => {});
  const [{ port, privateKey }] = await Promise.race([once(child, "message"), died]);
  return {
    connect: (options = {}) => connectTo(port, "ready", { privateKey, ...options }),
    memory: async () => {
      const answer = once(child, "message");
      child.send("memory");
      return (await within("the memory", answer))[0] as Memory;
    },
  };
}

/** Checks that an attack grows the server by less than the bound, and that the memory is freed afterwards. */
async function survives({ connect, memory }: Server, attack: () => Promise<void>): Promise<void> {
  // The first connection allocates what every server needs.
  const first = await connect();
  await first.open();
  first.client.destroy();
  await first.gone;
  const before = await memory();
  await attack();
  const during = await memory();
  expect(during.peak - before.now).toBeLessThan(GROWTH);
  await expect.poll(async () => (await memory()).now - before.now, { timeout: 20_000 }).toBeLessThan(GROWTH / 2);
}

test("10,000 channel requests use little memory, which is freed", async () => {
  await survives(unread, async () => {
    for (let asked = 0; asked < 10_000; asked += 1000) {
      const attacker = await unread.connect();
      for (let id = 0; id < 1000; id++) attacker.protocol.session(id, 2 ** 21, 32_768);
      await attacker.open().catch(() => {});
      attacker.client.destroy();
      await attacker.gone;
    }
  });
}, 60_000);

test("200 wrong keys use little memory, which is freed", async () => {
  await survives(unread, async () => {
    for (let tried = 0; tried < 200; tried += 6) {
      const authHandler = Array.from({ length: 6 }, () => ({
        type: "publickey" as const,
        username: "alice",
        key: generateKeyPair().privateKey,
      }));
      await expect(unread.connect({ authHandler })).rejects.toThrow();
    }
  });
}, 60_000);

test("512 MB sent to an unread channel use little memory, which is freed", async () => {
  await survives(unread, async () => {
    const data = string(Buffer.alloc(32_768));
    for (let sent = 0; sent < 512 * 1024 * 1024; ) {
      const attacker = await unread.connect();
      const { outgoing } = await attacker.open();
      for (; sent < 512 * 1024 * 1024 && !attacker.socket.destroyed; sent += 32_768) {
        attacker.send(94, uint32(outgoing.id), data);
        if (attacker.socket.writableLength > 16_000_000) await new Promise((resolve) => setImmediate(resolve));
      }
      attacker.client.destroy();
      await attacker.gone;
    }
  });
}, 60_000);

test("clients that never read use little memory, which is freed", async () => {
  await survives(writing, async () => {
    const attackers: Attacker[] = [];
    for (let count = 0; count < 8; count++) {
      const attacker = await writing.connect();
      attackers.push(attacker);
      // The largest window, and then nothing is read.
      attacker.protocol.session(100, 0xffff_ffff, 32_768);
      attacker.send(98, uint32(0), string("subsystem"), 0, string("sshrpc"));
      attacker.socket.pause().removeAllListeners("data");
    }
    await new Promise((resolve) => setTimeout(resolve, 1500));
    for (const { client } of attackers) client.destroy();
  });
}, 60_000);
