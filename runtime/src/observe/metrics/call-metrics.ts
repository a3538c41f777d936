import type { Registry } from "prom-client";
import type { CallEnded, CallEvent, Observer } from "../../base/observer/observer.js";

type Client = typeof import("prom-client");

const METHOD = ["method", "verb"] as const;

/** The labels of every method that the contract does not have: its name is what a caller chose. */
const UNKNOWN = { method: "unknown", verb: "unknown" };

/** What is counted of the calls of one method. */
interface Tally {
  readonly labels: { readonly method: string; readonly verb: string };
  running: number;
  bytesIn: number;
  bytesOut: number;
  itemsIn: number;
  itemsOut: number;
  quotas: number;
}

/** The metrics of the calls that this process runs, and of those that it makes. */
export function callMetrics(client: Client, registry: Registry, buckets: readonly number[]): Observer {
  const server = sideMetrics(client, registry, { prefix: "sshrpc_server", who: "Incoming calls", buckets });
  const sides = {
    server,
    client: sideMetrics(client, registry, { prefix: "sshrpc_client", who: "Outgoing calls", buckets }),
  };
  const registers = [registry];
  const retries = new client.Counter({
    name: "sshrpc_client_retries_total",
    help: "Outgoing calls that were sent again.",
    labelNames: METHOD,
    registers,
  });
  const stuck = new client.Counter({
    name: "sshrpc_server_handlers_stuck_total",
    help: "Handlers that ran on after their call had ended, because they ignore ctx.signal.",
    labelNames: ["method"] as const,
    registers,
  });
  new client.Counter({
    name: "sshrpc_server_quota_refusals_total",
    help: "Calls that were refused because a limit or a quota was reached.",
    labelNames: METHOD,
    registers,
    collect() {
      this.reset();
      for (const { labels, quotas } of server.tallies()) if (quotas > 0) this.inc(labels, quotas);
    },
  });
  return {
    callStarted: (call) => sides[call.side].started(call),
    callEnded: (call) => sides[call.side].ended(call),
    callRetried: (call) => retries.inc(sides.client.tallyOf(call).labels),
    handlerStuck: ({ method }) => stuck.inc({ method }),
  };
}

interface SideConfig {
  readonly prefix: string;
  readonly who: string;
  readonly buckets: readonly number[];
}

/**
 * The metrics of one side. prom-client takes a microsecond to find the value of some labels, so only durations are recorded as calls end;
 * the rest is counted here, and handed over when metrics are collected.
 */
function sideMetrics(client: Client, registry: Registry, { prefix, who, buckets }: SideConfig) {
  const registers = [registry];
  const known = new Map<string, Tally>();
  const tallies = (): Iterable<Tally> => known.values();
  const tallyOf = ({ method, unknown }: CallEvent): Tally => {
    const name = unknown ? "" : method;
    let tally = known.get(name);
    if (tally === undefined) {
      tally = newTally(unknown ? UNKNOWN : { method, verb: method.slice(0, method.indexOf(" ")) });
      known.set(name, tally);
    }
    return tally;
  };
  const duration = new client.Histogram({
    name: `${prefix}_call_duration_seconds`,
    help: `${who}: seconds from the start to the final status.`,
    labelNames: [...METHOD, "status"] as const,
    buckets: [...buckets],
    registers,
  });
  new client.Gauge({
    name: `${prefix}_running_calls`,
    help: `${who} that run, streams among them.`,
    labelNames: METHOD,
    registers,
    collect() {
      for (const { labels, running } of tallies()) this.set(labels, running);
    },
  });
  const directed = (name: string, help: string, amounts: (tally: Tally) => readonly [received: number, sent: number]) =>
    new client.Counter({
      name: `${prefix}_call_${name}_total`,
      help: `${who}: ${help}`,
      labelNames: [...METHOD, "direction"] as const,
      registers,
      collect() {
        this.reset();
        for (const tally of tallies()) {
          const [received, sent] = amounts(tally);
          this.inc({ ...tally.labels, direction: "in" }, received);
          this.inc({ ...tally.labels, direction: "out" }, sent);
        }
      },
    });
  directed("bytes", "bytes of messages.", ({ bytesIn, bytesOut }) => [bytesIn, bytesOut]);
  directed("items", "items of streams; raw bytes are counted in frames.", ({ itemsIn, itemsOut }) => [
    itemsIn,
    itemsOut,
  ]);
  return {
    tallies,
    tallyOf,
    started(call: CallEvent): void {
      tallyOf(call).running += 1;
    },
    ended(call: CallEnded): void {
      const tally = tallyOf(call);
      const { method, verb } = tally.labels;
      tally.running -= 1;
      tally.bytesIn += call.bytesIn;
      tally.bytesOut += call.bytesOut;
      tally.itemsIn += call.itemsIn;
      tally.itemsOut += call.itemsOut;
      if (call.refused && call.status === "RESOURCE_EXHAUSTED") tally.quotas += 1;
      duration.observe({ method, verb, status: call.status }, call.milliseconds / 1000);
    },
  };
}

function newTally(labels: Tally["labels"]): Tally {
  return { labels, running: 0, bytesIn: 0, bytesOut: 0, itemsIn: 0, itemsOut: 0, quotas: 0 };
}
