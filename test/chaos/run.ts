import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fleet } from "./clients/fleet.js";
import { LineWriter } from "./history/lines.js";
import { torment } from "./nemesis/nemesis.js";
import type { Node } from "./nemesis/node.js";
import { randomFor } from "./random.js";
import { singleServer } from "./topology/single-server.js";

/** How a run goes. */
export interface RunOptions {
  /** An existing directory that gets all files of the run. */
  readonly directory: string;
  /** How long faults happen, in ms. */
  readonly duration: number;
  readonly seed: number;
  /** Number of client processes. */
  readonly clients: number;
  /** Where the server keeps the outcomes of calls; it is killed only if it does so in a file. */
  readonly ledger: "file" | "memory";
  /** Gets a line for each phase. */
  readonly print: (line: string) => void;
  /** Ends the run early. */
  readonly signal: AbortSignal;
}

/** Timeouts of the phases around the faults, in ms: only a failing run waits so long. */
const [START, QUIET, CATCH_UP] = [120_000, 300_000, 120_000];

/**
 * Runs the servers, the clients and the nemesis, and leaves a directory for the checker. All processes have ended when it resolves
 * or rejects. Clients that do not end in time are killed: the checker finds their open calls.
 */
export async function run(options: RunOptions): Promise<void> {
  const { directory, duration, seed, clients: count, ledger, print, signal } = options;
  mkdirSync(join(directory, "journals"), { recursive: true });
  const faults = new LineWriter(join(directory, "faults.jsonl"));
  const lifetime = duration + START + QUIET + CATCH_UP;
  await using topology = await singleServer({ directory, clients: count, ledger, lifetime }, faults);
  const clients = await fleet(topology, { directory, clients: count, seed, lifetime, faults });
  await using _ended = { [Symbol.asyncDispose]: () => all(clients, (client) => client.close()) };
  const within = limit(signal);
  await within(
    "the start of the clients",
    START,
    all(clients, (client) => client.start()),
  );
  print(`${count} clients are connected; faults begin`);
  const { servers, links, keepsLedger } = topology;
  const over = abortAfter(duration, signal);
  await torment({ servers, clients, links, killsServers: keepsLedger }, randomFor(seed, "nemesis"), over);
  print("faults are over; waiting for the calls that still run");
  const late = (error: unknown): void => print(`${error}`);
  const quiet = each(clients, late, async ({ child }) => {
    child.send("quiesce");
    await child.line("quiet");
  });
  await within("the end of all calls", QUIET, quiet).catch(late);
  const last = readFileSync(join(directory, "effects.jsonl"), "utf8").split("\n").length - 1;
  print(`followers catch up with effect ${last}`);
  const finished = each(clients, late, async ({ child }) => {
    child.send(`finish ${last}`);
    await child.exited;
  });
  await within("the last effect at all followers", CATCH_UP, finished).catch(late);
}

async function all(nodes: readonly Node[], act: (node: Node) => Promise<unknown>): Promise<void> {
  await Promise.all(nodes.map(act));
}

/** As {@link all}, of which each may fail on its own. */
async function each(
  nodes: readonly Node[],
  failed: (error: unknown) => void,
  act: (node: Node) => Promise<unknown>,
): Promise<void> {
  await all(nodes, (node) => act(node).catch((error) => failed(`${node.name}: ${error}`)));
}

/** Aborts after a time in ms, or with `signal`. Not of `AbortSignal.any`: Node 20 may collect its `AbortSignal.timeout` as garbage. */
function abortAfter(ms: number, signal: AbortSignal): AbortSignal {
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(), ms);
  timer.unref();
  if (signal.aborted) ended.abort();
  else signal.addEventListener("abort", () => ended.abort(), { signal: ended.signal });
  return ended.signal;
}

/** Bounds promises by a time in ms and by the signal. */
function limit(signal: AbortSignal) {
  return async <T>(what: string, ms: number, promise: Promise<T>): Promise<T> => {
    const ended = abortAfter(ms, signal);
    const late = new Promise<never>((_, reject) => {
      const fail = (): void => reject(new Error(signal.aborted ? "interrupted" : `timed out waiting for ${what}`));
      if (ended.aborted) fail();
      else ended.addEventListener("abort", fail, { once: true });
    });
    return await Promise.race([promise, late]);
  };
}
