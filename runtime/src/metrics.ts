/** `sshrpc/metrics`: metrics for Prometheus, through `prom-client`. */
export type { Observer } from "./base/observer/observer.js";
export { type Metrics, type MetricsOptions, metrics } from "./observe/metrics/metrics.js";
export { type MetricsServer, type ServeMetricsOptions, serveMetrics } from "./observe/metrics/serve-metrics.js";
