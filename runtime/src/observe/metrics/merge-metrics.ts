import type { MetricObjectWithValues, MetricValue } from "prom-client";
import { loadPeer } from "../load-peer.js";

/** The metrics of one process, as `registry.getMetricsAsJSON()` returns them. */
type Metrics = readonly MetricObjectWithValues<MetricValue<string>>[];

/** Makes one text of the metrics of several processes: sums, or what else a metric says of itself. @throws Error that names the package to install */
export async function metricsMerger(): Promise<{
  readonly type: string;
  readonly merge: (all: readonly unknown[]) => Promise<string>;
}> {
  const { AggregatorRegistry, Registry } = await loadPeer("prom-client", "sshrpc/metrics", () => import("prom-client"));
  return {
    type: Registry.PROMETHEUS_CONTENT_TYPE,
    merge: (all) => AggregatorRegistry.aggregate(all as Metrics[] as never).metrics(),
  };
}
