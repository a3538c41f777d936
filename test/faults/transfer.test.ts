import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Transport } from "sshrpc/client";
import { connectApi } from "sshrpc/generated";
import { describe, expect, type TestContext, test } from "vitest";
import { api } from "../../generated/api.js";
import type { NotesClient } from "../../generated/client.js";
import { type ExampleServer, type Program, Workplace } from "../examples/support.js";
import { dial } from "../interop/client.js";
import { rounds } from "../rounds.js";
import { freePort } from "../unit/runtime/ssh/support.js";
import { until, within } from "../unit/runtime/support/wait.js";
import { Random, SEED } from "../unit/runtime/wire/random.js";
import type { Order } from "./transfer-client.js";

const CHUNKS = 40;
const SIZE = 64 * 1024;

/** How often each side is killed: 100 times together in a soak run. A server takes longer to restart than a spare client to take over. */
const SERVERS = rounds(35, 5);
const CLIENTS = rounds(65, 5);

/** Timeout of all rounds of one side on a busy machine, in ms. */
const TIMEOUT = 180_000;

/** The content of a file: one repeated byte, so that a mixture is detected. */
function content(fill: number): Buffer {
  return Buffer.alloc(CHUNKS * SIZE, fill);
}

/** The byte of a content. @throws Error for a mixture or an incomplete content */
function fillOf(bytes: Uint8Array): number {
  const fill = bytes[0] ?? -1;
  if (!content(fill).equals(bytes)) throw new Error(`a mixed or incomplete content of ${bytes.length} bytes`);
  return fill;
}

/** The file that is transferred in all rounds; its folder has no other file. */
class TargetFile {
  readonly #place: Workplace;
  #fill = 1;

  constructor(place: Workplace) {
    this.#place = place;
    writeFileSync(this.path, content(this.#fill));
  }

  get path(): string {
    return join(this.#place.files, "it");
  }

  get fill(): number {
    return this.#fill;
  }

  /** Expects the complete old or new content; only the new one after an upload that was `confirmed`. */
  check(fresh: number, { confirmed }: { readonly confirmed: boolean }): void {
    const found = fillOf(readFileSync(this.path));
    expect(confirmed ? [fresh] : [this.#fill, fresh]).toContain(found);
    this.#fill = found;
  }

  isClean(): boolean {
    return readdirSync(this.#place.files).join() === "it";
  }
}

async function read(client: NotesClient): Promise<number> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of client.files.get({ name: "it" }, { timeout: 20_000 })) chunks.push(chunk);
  return fillOf(Buffer.concat(chunks));
}

function draw(random: Random): { direction: "up" | "down"; point: number; delay: number } {
  const direction = random.below(2) === 0 ? "up" : "down";
  // Downloads have smaller chunks. A point beyond the last one is after the transfer.
  const pieces = direction === "up" ? CHUNKS : 2 * CHUNKS;
  return { direction, point: random.below(pieces + 2), delay: random.below(4) };
}

describe.concurrent(`a transfer during which one side is killed (TEST_SEED=${SEED})`, () => {
  test(`server, ${SERVERS} times: the client gets an error, and continues with the next server`, {
    timeout: TIMEOUT,
  }, async (context) => {
    const random = new Random(SEED);
    const place = workplaceOf(context);
    const target = new TargetFile(place);
    let server = await place.serve();
    // Each server has a port of its own: the old one may be in use by then.
    const transport: Transport = {
      address: "ssh://alice@127.0.0.1",
      open: (signal) => dial(server.address, place.keys, signal),
    };
    await using client = await connectApi<NotesClient>(api, transport, { reconnect: { minDelay: 10, maxDelay: 100 } });
    let interrupted = 0;
    for (let round = 0; round < SERVERS || (interrupted <= SERVERS / 3 && round < 4 * SERVERS); round++) {
      const { direction, point, delay } = draw(random);
      const fresh = 2 + round;
      const title = `round ${round}: ${direction}, ${point}+${delay}`;
      const kill = killer(server, point, delay);
      const transfer = direction === "up" ? upload(client, fresh, kill) : download(client, kill);
      await within(`the server's end (${title})`, kill.done);
      server = await place.serve();
      expect(target.isClean(), title).toBe(true);
      const { status, fill } = await within(`the client's answer (${title})`, transfer);
      expect(["OK", "UNAVAILABLE"], title).toContain(status);
      if (status === "UNAVAILABLE") interrupted += 1;
      if (fill !== undefined) expect(fill, title).toBe(target.fill);
      target.check(direction === "up" ? fresh : target.fill, { confirmed: direction === "up" && status === "OK" });
      expect(await within(`the client to continue (${title})`, read(client)), title).toBe(target.fill);
    }
    expect(interrupted).toBeGreaterThan(SERVERS / 3);
  });

  test(`client, ${CLIENTS} times: the server cleans up, and continues`, { timeout: TIMEOUT }, async (context) => {
    const random = new Random(SEED + 1);
    const place = workplaceOf(context);
    const target = new TargetFile(place);
    const server = await place.serve();
    await using client = await connectApi<NotesClient>(api, server.address, place.keys);
    const fetched = place.path("fetched");
    let interrupted = 0;
    let next = spare(place, server);
    for (let round = 0; round < CLIENTS || (interrupted <= CLIENTS / 3 && round < 4 * CLIENTS); round++) {
      const { direction, point, delay } = draw(random);
      const fresh = 2 + round;
      const title = `round ${round}: ${direction}, ${point}+${delay}`;
      const program = await within(`a client (${title})`, next);
      next = spare(place, server);
      const order: Order = {
        direction,
        name: "it",
        file: fetched,
        chunks: CHUNKS,
        size: SIZE,
        fill: fresh,
        point,
        delay,
      };
      program.process.stdin?.write(`${JSON.stringify(order)}\n`);
      if (program.process.exitCode === null && program.process.signalCode === null) {
        await within(`the end of the client (${title})`, Promise.race([program.status, printed(program, "done")]));
      }
      const done = program.stdout.includes("done");
      if (!done) interrupted += 1;
      program.process.kill("SIGKILL");
      await program.status;
      await until(`the unfinished file to be gone (${title})`, () => target.isClean());
      await until(`the file to be closed (${title})`, () => !hasOpen(server, place.files));
      target.check(direction === "up" ? fresh : target.fill, { confirmed: direction === "up" && done });
      if (existsSync(fetched)) expect(fillOf(readFileSync(fetched)), title).toBeGreaterThan(0);
      expect(await within(`the server to continue (${title})`, read(client)), title).toBe(target.fill);
    }
    expect(interrupted).toBeGreaterThan(CLIENTS / 3);
    (await next).process.kill("SIGKILL");
  });
});

test("a program that waits for its server without a deadline does not exit before the server is back", async (context) => {
  const place = workplaceOf(context);
  const target = new TargetFile(place);
  const port = await freePort();
  const server = await place.serve({ port });
  const program = await spare(place, server);
  await server.kill();
  const file = place.path("fetched");
  const order: Order = { direction: "down", name: "it", file, chunks: 0, size: 0, fill: 0, point: -1, delay: 0 };
  program.process.stdin?.end(`${JSON.stringify(order)}\n`);
  await place.serve({ port });
  await within("the file", printed(program, "done"));
  expect(fillOf(readFileSync(file))).toBe(target.fill);
});

/** A workplace that is closed after the test, also if the test has timed out and is still running. */
function workplaceOf({ onTestFinished }: TestContext): Workplace {
  const place = new Workplace();
  onTestFinished(() => place[Symbol.asyncDispose]());
  return place;
}

/** Kills the server at a point of the transfer: `point` chunks and `delay` ms after its start. */
interface Killer {
  readonly done: Promise<void>;
  passed(count: number): void;
}

function killer(server: ExampleServer, point: number, delay: number): Killer {
  let reached: (() => void) | undefined;
  const done = new Promise<void>((resolve) => {
    reached = resolve;
  }).then(async () => {
    await sleep(delay);
    await server.kill();
  });
  return { done, passed: (count) => count >= point && reached?.() };
}

interface Ending {
  readonly status: string;
  /** The byte of the fetched content. */
  readonly fill?: number;
}

async function upload(client: NotesClient, fill: number, kill: Killer): Promise<Ending> {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let count = 0; count < CHUNKS; count++) {
      kill.passed(count);
      yield Buffer.alloc(SIZE, fill);
      await sleep(1);
    }
    kill.passed(CHUNKS);
  }
  const result = await client.files.store.safe({ name: "it" }, chunks());
  kill.passed(Number.POSITIVE_INFINITY);
  return { status: result.ok ? "OK" : result.error.status };
}

async function download(client: NotesClient, kill: Killer): Promise<Ending> {
  const stream = client.files.get.safe({ name: "it" });
  const chunks: Uint8Array[] = [];
  kill.passed(0);
  for await (const chunk of stream) {
    chunks.push(chunk);
    kill.passed(chunks.length);
    await sleep(1);
  }
  kill.passed(Number.POSITIVE_INFINITY);
  const result = await stream.result;
  if (!result.ok) return { status: result.error.status };
  return { status: "OK", fill: fillOf(Buffer.concat(chunks)) };
}

/** Starts a client, which connects and waits for its order. */
async function spare(place: Workplace, server: ExampleServer): Promise<Program> {
  const program = await place.start("test/faults/transfer-client.ts", server.address);
  await printed(program, "ready");
  return program;
}

async function printed(program: Program, word: string): Promise<void> {
  while (!program.stdout.includes(word)) {
    if (program.process.exitCode !== null) throw new Error(`the client has ended: ${program.stderr}`);
    await Promise.race([once(program.process.stdout as NodeJS.EventEmitter, "data"), program.status]);
    if (program.process.signalCode !== null) return;
  }
}

/** Whether the server has a file of this folder open. */
function hasOpen(server: ExampleServer, folder: string): boolean {
  const names = readdirSync(`/proc/${server.pid}/fd`);
  return names.some((name) => {
    try {
      return readlinkSync(`/proc/${server.pid}/fd/${name}`).startsWith(`${folder}/`);
    } catch {
      return false;
    }
  });
}
