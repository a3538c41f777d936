import { appendFileSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { generateKeyPair } from "sshrpc/testing";
import { expect, test } from "vitest";
import { IS_FULL } from "../rounds.js";
import { clientOf, type Deployed, deployment, startServer } from "../unit/runtime/cli/deployed.js";
import { freePort } from "../unit/runtime/ssh/support.js";
import { within } from "../unit/runtime/support/wait.js";

/** Ten minutes with a takeover every 30 s, in four runs; else as long as two takeovers take. */
const RUNS = IS_FULL ? 4 : 1;
const GENERATIONS = IS_FULL ? 5 : 2;
const PERIOD = IS_FULL ? 30_000 : 1_000;

/** The resident memory of a process in MiB. */
function memoryOf(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) / 1024;
}

test.each(Array.from({ length: RUNS }, (_, index) => index + 1))(
  "run %i under load, with takeovers, key changes and log rotation, no acknowledged call is lost or doubled, and no connection refused",
  {
    timeout: GENERATIONS * (PERIOD + 30_000),
  },
  async () => {
    const where = await deployment(await freePort());
    const flags = ["--takeover", "--grace", "20s", "--log", "server.log", "--audit", "audit.log"];
    let current: Deployed = startServer(where, flags);
    const started = async (server: Deployed) =>
      within(
        "the server",
        (async () => {
          while (!server.output().includes("listens on")) {
            if (server.child.exitCode !== null) throw new Error(server.output());
            await new Promise((resolve) => setTimeout(resolve, 10));
          }
        })(),
      );
    await started(current);
    const clients = await Promise.all([clientOf(where), clientOf(where), clientOf(where)]);
    const failures: unknown[] = [];
    let isOver = false;
    const stored = new Set<string>();
    const load = [
      ...clients.map(async (client, number) => {
        for (let turn = 0; !isOver; turn += 1) {
          const item = `${number}-${turn}`;
          try {
            await client.items.store({ item });
            stored.add(item);
            for await (const _ of client.ticks.get({ count: 20 }));
          } catch (error) {
            failures.push(error);
          }
        }
      }),
      (async () => {
        // Clients that connect for the first time at any moment.
        while (!isOver) {
          try {
            await using client = await clientOf(where, { reconnect: false });
            await client.pid.get();
          } catch (error) {
            failures.push(error);
          }
        }
      })(),
    ];
    const keys = readFileSync(`${where.cwd}/keys`, "utf8");
    const memory: number[] = [];
    for (let generation = 0; generation < GENERATIONS; generation += 1) {
      await new Promise((resolve) => setTimeout(resolve, PERIOD / 2));
      appendFileSync(`${where.cwd}/keys`, `${generateKeyPair().publicKey} other\n`);
      renameSync(`${where.cwd}/server.log`, `${where.cwd}/server.log.${generation}`);
      await new Promise((resolve) => setTimeout(resolve, PERIOD / 2));
      writeFileSync(`${where.cwd}/keys`, keys);
      memory.push(memoryOf(await (clients[0] as (typeof clients)[number]).pid.get()));
      const next = startServer(where, flags);
      await started(next);
      expect(await within("the end of the old server", current.ended)).toBe(0);
      current = next;
    }
    isOver = true;
    await Promise.all(load);
    expect(failures).toEqual([]);
    const items = readFileSync(`${where.cwd}/items`, "utf8").trim().split("\n");
    expect(items.length).toBe(new Set(items).size);
    expect([...stored].filter((item) => !items.includes(item))).toEqual([]);
    expect(readdirSync(where.cwd).filter((name) => name.startsWith("server.log")).length).toBeGreaterThan(GENERATIONS);
    // Each server is a new process: this one has grown as the first one had.
    expect(memory.at(-1)).toBeLessThan((memory[0] as number) * 1.5);
  },
);
