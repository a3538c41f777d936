import type { MetricObjectWithValues, MetricValue } from "prom-client";
import { loadPeer } from "../load-peer.js";
import { READY } from "./server-metrics.js";

/** The metrics of one process, as `registry.getMetricsAsJSON()` returns them. */
type Metrics = readonly MetricObjectWithValues<MetricValue<string>>[];

/** Makes one text of the metrics of several processes: sums, or what else a metric says of itself. @throws Error that names the package to install */
export async function metricsMerger(): Promise<{
  readonly type: string;
  readonly merge: (all: readonly unknown[]) => Promise<string>;
  /** Whether all processes say that they are ready. */
  readonly areReady: (all: readonly unknown[]) => boolean;
}> {
  const { AggregatorRegistry, Registry } = await loadPeer("prom-client", "sshrpc/metrics", () => import("prom-client"));
  return {
    type: Registry.PROMETHEUS_CONTENT_TYPE,
    areReady: (all) => all.length > 0 && (all as readonly Metrics[]).every(isReady),
    merge: (all) => AggregatorRegistry.aggregate(all as Metrics[] as never).metrics(),
  };
}

function isReady(metrics: Metrics): boolean {
  return metrics.find(({ name }) => name === `sshrpc_${READY}`)?.values[0]?.value === 1;
}
