import type { Registry } from "prom-client";
import { checkOptions, OptionError, type OptionTable, oneOf } from "../../base/check-options.js";
import type { Observer } from "../../base/observer/observer.js";
import { wrongNumber, wrongType } from "../../base/wrong-type.js";
import { checkedOptions } from "../../contract/option-errors.js";
import { loadPeer } from "../load-peer.js";
import { callMetrics } from "./call-metrics.js";
import { connectionMetrics } from "./connection-metrics.js";
import { serverMetrics } from "./server-metrics.js";

/** The default of {@link MetricsOptions.buckets}: those of the OpenTelemetry conventions for RPC. */
export const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] as const;

/** Options of {@link metrics}. */
export interface MetricsOptions {
  /** The registry of prom-client that gets the metrics. Default: a new one. */
  readonly registry?: Registry;
  /** Upper bounds in seconds of the buckets of durations, in ascending order. Default: those of the OpenTelemetry conventions for RPC, from 5 ms to 10 s. */
  readonly buckets?: readonly number[];
  /**
   * Adds the metrics of the process, such as memory, CPU and event loop lag, as prom-client collects them. Default: true with a new
   * registry, else false.
   */
  readonly processMetrics?: boolean;
}

const METRICS_OPTIONS = {
  registry: oneOf("object"),
  buckets: oneOf("array"),
  processMetrics: oneOf("boolean"),
} satisfies OptionTable<MetricsOptions>;

/** The metrics of servers and clients in one process. */
export interface Metrics {
  /** Counts. Pass it as the option `observer` of `serve` and of `connect`. */
  readonly observer: Observer;
  /** Has the metrics: `await registry.metrics()` is their text. */
  readonly registry: Registry;
}

/**
 * Metrics for Prometheus, with prom-client. Labels have bounded values: methods of the contract, verbs and statuses, never keys, users,
 * addresses or paths. Methods that the contract does not have are `unknown` together.
 * @throws RpcError BAD_REQUEST for an invalid option; Error that names the package to install
 */
export async function metrics(options: MetricsOptions = {}): Promise<Metrics> {
  checkedOptions(() => checkMetricsOptions(options));
  const client = await loadPeer("prom-client", "sshrpc/metrics", () => import("prom-client"));
  const {
    registry = new client.Registry(),
    buckets = SECONDS,
    processMetrics = options.registry === undefined,
  } = options;
  if (processMetrics) client.collectDefaultMetrics({ register: registry });
  const observer = {
    ...callMetrics(client, registry, buckets),
    ...connectionMetrics(client, registry),
    ...serverMetrics(client, registry),
  };
  return { observer, registry };
}

function checkMetricsOptions(options: MetricsOptions): void {
  checkOptions(options, METRICS_OPTIONS);
  const { registry, buckets = SECONDS } = options;
  if (registry !== undefined && typeof registry.registerMetric !== "function") {
    throw new OptionError(`option registry: ${wrongType(registry, "a Registry of prom-client")}`);
  }
  buckets.forEach((bound, index) => {
    const before = buckets[index - 1] ?? 0;
    if (typeof bound !== "number" || !(bound > before && bound < Number.POSITIVE_INFINITY)) {
      throw new OptionError(`option buckets[${index}]: ${wrongNumber(bound, `a number of seconds over ${before}`)}`);
    }
  });
}
