import { setTimeout as sleep } from "node:timers/promises";
import type { Observer } from "sshrpc/client";
import { type ChaosClient, connect } from "../generated/client.js";
import { randomFor } from "../random.js";
import { fromParent } from "../topology/from-parent.js";
import { CallJournal } from "./call-journal.js";
import { Calls } from "./calls.js";
import { Follower } from "./follower.js";
import { readLegacy } from "./predecessor.js";
import { repeat, upload, work } from "./workload.js";

/**
 * A client of the chaos test: its argument is one of these as JSON. It prints `ready` once it is connected. After the line `quiesce`
 * on standard input it makes no further call, and prints `quiet` once those that run have ended. After `finish N` it ends when
 * its follower has taken effect N.
 */
export interface ClientConfig {
  readonly client: string;
  /** The user that it logs in as. */
  readonly user: string;
  readonly generation: number;
  readonly seed: number;
  readonly address: string;
  /** The alias of the server's host key in `knownHosts`. */
  readonly hostKeyAlias: string;
  readonly identity: string;
  readonly knownHosts: string;
  readonly journal: string;
  /** The journal of the process before. */
  readonly previous?: string;
  /** Milliseconds after which the process ends in any case. */
  readonly lifetime: number;
}

const WORKERS = 3;

const config = JSON.parse(process.argv[2] as string) as ClientConfig;
const { client: name, generation, seed, user } = config;
const stop = new AbortController();
let finish: (last: number) => void = () => undefined;
const last = new Promise<number>((resolve) => {
  finish = resolve;
});
fromParent(config.lifetime, (line) => {
  if (line === "quiesce") stop.abort();
  else if (line.startsWith("finish ")) finish(Number(line.slice("finish ".length)));
});

const { after, open } = await readLegacy(config.previous);
const journal = new CallJournal(config.journal, { client: name, generation, after });
const observer: Observer = {
  connectionOpened: () => journal.connected(),
  callRetried: ({ method }) => journal.retried(method),
};
const client = await connectUntil(async () =>
  connect(config.address, {
    identity: config.identity,
    knownHosts: config.knownHosts,
    hostKeyAlias: config.hostKeyAlias,
    sshConfig: false,
    agent: false,
    reconnect: { minDelay: 50, maxDelay: 1000 },
    // Faults come faster here than anywhere else; the timeout of a call bounds its retries.
    retries: 1000,
    observer,
  }),
);
process.stdout.write("ready\n");

const calls = new Calls(client, journal, user);
const random = (part: string) => randomFor(seed, name, generation, part);
const follower = new Follower(client, journal, { random: random("follower"), after });
const following = follower.run();
const setup = (part: string) => ({
  calls,
  random: random(part),
  name: `${name}.${generation}.${part}`,
  user,
  keys: `${generation}.${part}`,
  stop: stop.signal,
});
await Promise.all([
  repeat(calls, open),
  upload(setup("uploads")),
  ...Array.from({ length: WORKERS }, (_, index) => work(setup(`w${index}`))),
]);
process.stdout.write("quiet\n");
follower.finishAt(await last);
const taken = await following;
await client.close();
journal.finish(taken);
process.exit(0);

async function connectUntil(attempt: () => Promise<ChaosClient>): Promise<ChaosClient> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      // The server may be down at the moment, or the connection was cut during the login, which looks like a rejected key.
      const { status = "" } = error as { status?: string };
      if (!["UNAVAILABLE", "UNAUTHENTICATED"].includes(status)) throw error;
      await sleep(100);
    }
  }
}
