import { BlockList, isIP } from "node:net";
import type { Logger } from "../base/log.js";
import { formatHostPort, readPort, splitHostPort } from "../base/net/host-port.js";
import type { Observer } from "../base/observer/observer.js";
import { printable } from "../base/printable.js";
import { METRICS_ADDRESS, type ServeMetricsOptions, serveMetrics } from "../observe/metrics/serve-metrics.js";
import type { ServeFlags } from "./serve-flags.js";
import { UsageError } from "./shared/failure.js";

/** The metrics of `sshrpc serve --metrics`. */
interface MetricsPort {
  readonly observer: Observer;
  close(): Promise<void>;
}

/** Serves metrics at an address; without one there are none. @throws Error if it cannot listen there, or prom-client is missing */
export async function openMetrics(address: string | undefined, log: Logger): Promise<MetricsPort> {
  if (address === undefined) return { observer: {}, close: async () => {} };
  const options = parseAddress(address);
  const { metrics } = await import("../observe/metrics/metrics.js");
  const { observer, registry } = await metrics();
  const { host, port, close } = await serveMetrics(registry, options);
  const url = `http://${formatHostPort(host, port)}/metrics`;
  if (isLoopback(host)) log.info({ url }, "metrics are served");
  else log.warn({ url }, "metrics are served without authentication beyond this machine");
  return { observer, close };
}

/** Checks the address for metrics without opening a port. @throws Error, also where prom-client is missing */
export async function checkMetrics({
  metrics: address,
  listen,
  port,
}: Pick<ServeFlags, "metrics" | "listen" | "port">): Promise<void> {
  if (address === undefined) return;
  const own = parseAddress(address);
  if (own.port === port && port !== 0 && (isAny(listen) || isAny(own.host) || listen === own.host)) {
    throw new UsageError(`--metrics ${printable(address, 60)}: the same port as --port`);
  }
  const { metrics } = await import("../observe/metrics/metrics.js");
  await metrics({ processMetrics: false });
}

const isAny = (host: string | undefined): boolean => host === "0.0.0.0" || host === "::";

/** `PORT`, `HOST:PORT` or `[IPv6]:PORT`. */
function parseAddress(text: string): ServeMetricsOptions {
  const parts = /^\d+$/.test(text) ? { host: METRICS_ADDRESS.host, port: text } : splitHostPort(text);
  const port = readPort(parts?.port);
  if (parts !== undefined && port !== undefined && (isIP(parts.host) > 0 || parts.host === "localhost")) {
    return { host: parts.host, port };
  }
  throw new UsageError(`--metrics ${printable(text, 60)}: not an address and port, such as 127.0.0.1:9464`);
}

function isLoopback(address: string): boolean {
  const loopback = new BlockList();
  loopback.addSubnet("127.0.0.0", 8);
  loopback.addAddress("::1", "ipv6");
  return loopback.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}
