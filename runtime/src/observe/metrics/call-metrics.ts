import type { Registry } from "prom-client";
import type { CallEvent, Observer } from "../../base/observer/observer.js";

type Client = typeof import("prom-client");

/** The label of every method that the contract does not have: its name is what a caller chose. */
const UNKNOWN = { method: "unknown", verb: "unknown" };

const METHOD = ["method", "verb"] as const;

/** The metrics of the calls that this process runs, and of those that it makes. */
export function callMetrics(client: Client, registry: Registry, buckets: readonly number[]): Observer {
  const sides = {
    server: sideMetrics(client, registry, { prefix: "sshrpc_server", who: "Incoming calls", buckets }),
    client: sideMetrics(client, registry, { prefix: "sshrpc_client", who: "Outgoing calls", buckets }),
  };
  const registers = [registry];
  const retries = new client.Counter({
    ...{
      name: "sshrpc_client_retries_total",
      help: "Outgoing calls that were sent again.",
      labelNames: METHOD,
      registers,
    },
  });
  const stuck = new client.Counter({
    name: "sshrpc_server_handlers_stuck_total",
    help: "Handlers that ran on after their call had ended, because they ignore ctx.signal.",
    ...{ labelNames: ["method"] as const, registers },
  });
  const quotas = new client.Counter({
    name: "sshrpc_server_quota_refusals_total",
    help: "Calls that were refused because a limit or a quota was reached.",
    ...{ labelNames: METHOD, registers },
  });
  const labels = labelsOf();
  return {
    callStarted: (call) => sides[call.side].running.inc(labels(call)),
    callEnded: (call) => {
      const { side, status, milliseconds, bytesIn, bytesOut, itemsIn, itemsOut, refused } = call;
      const { running, duration, bytes, items } = sides[side];
      const method = labels(call);
      running.dec(method);
      duration.observe({ ...method, status }, milliseconds / 1000);
      bytes.inc({ ...method, direction: "in" }, bytesIn);
      bytes.inc({ ...method, direction: "out" }, bytesOut);
      if (itemsIn > 0) items.inc({ ...method, direction: "in" }, itemsIn);
      if (itemsOut > 0) items.inc({ ...method, direction: "out" }, itemsOut);
      if (refused && side === "server" && status === "RESOURCE_EXHAUSTED") quotas.inc(method);
    },
    callRetried: (call) => retries.inc(labels(call)),
    handlerStuck: ({ method }) => stuck.inc({ method }),
  };
}

interface SideMetrics {
  readonly prefix: string;
  readonly who: string;
  readonly buckets: readonly number[];
}

function sideMetrics(client: Client, registry: Registry, { prefix, who, buckets }: SideMetrics) {
  const registers = [registry];
  const byDirection = [...METHOD, "direction"] as const;
  return {
    running: new client.Gauge({
      ...{
        name: `${prefix}_running_calls`,
        help: `${who} that run, streams among them.`,
        labelNames: METHOD,
        registers,
      },
    }),
    duration: new client.Histogram({
      name: `${prefix}_call_duration_seconds`,
      help: `${who}: seconds from the start to the final status.`,
      labelNames: [...METHOD, "status"] as const,
      ...{ buckets: [...buckets], registers },
    }),
    bytes: new client.Counter({
      name: `${prefix}_call_bytes_total`,
      help: `${who}: bytes of messages.`,
      ...{ labelNames: byDirection, registers },
    }),
    items: new client.Counter({
      name: `${prefix}_call_items_total`,
      help: `${who}: items of streams; raw bytes are counted in frames.`,
      ...{ labelNames: byDirection, registers },
    }),
  };
}

/** The labels of each method are made once: there are as many as the contracts have methods. */
function labelsOf(): (call: CallEvent) => { readonly method: string; readonly verb: string } {
  const known = new Map<string, { readonly method: string; readonly verb: string }>();
  return ({ method, unknown }) => {
    if (unknown) return UNKNOWN;
    let labels = known.get(method);
    if (labels === undefined) {
      labels = { method, verb: method.slice(0, method.indexOf(" ")) };
      known.set(method, labels);
    }
    return labels;
  };
}
