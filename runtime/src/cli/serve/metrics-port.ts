import { BlockList, isIP } from "node:net";
import type { Logger } from "../../base/log.js";
import { formatHostPort, readPort, splitHostPort } from "../../base/net/host-port.js";
import type { Observer } from "../../base/observer/observer.js";
import { printable } from "../../base/printable.js";
import { METRICS_ADDRESS, openMetricsServer, sourceOf } from "../../observe/metrics/serve-metrics.js";
import type { ListenTarget } from "../../ssh/server/socket-source.js";
import { UsageError } from "../shared/failure.js";
import type { ServeFlags } from "./serve-flags.js";

/** The metrics of `sshrpc serve --metrics`. */
export interface MetricsPort {
  readonly observer: Observer;
  /** The descriptor of its socket. */
  readonly descriptor: number | undefined;
  close(): Promise<void>;
}

/** Messages: what each process has counted. */
export const METRICS_TOPIC = "metrics";

/** Without metrics. */
export const NO_METRICS: MetricsPort = { observer: {}, descriptor: undefined, close: async () => {} };

/**
 * Serves metrics at an address; without one there are none.
 * @param socket one that listens already, in place of the address
 * @throws Error if it cannot listen there, or prom-client is missing
 */
export async function openMetrics(
  address: string | undefined,
  log: Logger,
  socket: ListenTarget | undefined,
): Promise<MetricsPort> {
  if (address === undefined && socket === undefined) return NO_METRICS;
  const target = socket ?? parseAddress(address ?? "");
  const { metrics } = await import("../../observe/metrics/metrics.js");
  const { observer, registry } = await metrics();
  const port = await openPort(sourceOf(registry), target, log);
  return { observer, ...port };
}

/** Counts for {@link openMergedMetrics} of another process. */
export async function collectMetrics(): Promise<{
  readonly observer: Observer;
  readonly values: () => Promise<unknown>;
}> {
  const { metrics } = await import("../../observe/metrics/metrics.js");
  const { observer, registry } = await metrics();
  return { observer, values: () => registry.getMetricsAsJSON() };
}

/** As {@link openMetrics}, of several processes. @param collect returns what each has counted */
export async function openMergedMetrics(
  address: string | undefined,
  log: Logger,
  {
    socket,
    collect,
  }: { readonly socket: ListenTarget | undefined; readonly collect: () => Promise<readonly unknown[]> },
): Promise<MetricsPort> {
  if (address === undefined && socket === undefined) return NO_METRICS;
  const target = socket ?? parseAddress(address ?? "");
  const { metricsMerger } = await import("../../observe/metrics/merge-metrics.js");
  const { type, merge, areReady } = await metricsMerger();
  const source = { metrics: async () => merge(await collect()), ready: async () => areReady(await collect()), type };
  const port = await openPort(source, target, log);
  return { observer: {}, ...port };
}

async function openPort(
  source: Parameters<typeof openMetricsServer>[0],
  target: Parameters<typeof openMetricsServer>[1],
  log: Logger,
): Promise<Omit<MetricsPort, "observer">> {
  const { host, port, descriptor, close } = await openMetricsServer(source, target);
  const url = `http://${formatHostPort(host, port)}/metrics`;
  if (isLoopback(host)) log.info({ url }, "metrics are served");
  else log.warn({ url }, "metrics are served without authentication beyond this machine");
  return { descriptor, close };
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
  const { metrics } = await import("../../observe/metrics/metrics.js");
  await metrics({ processMetrics: false });
}

const isAny = (host: string | undefined): boolean => host === "0.0.0.0" || host === "::";

/** `PORT`, `HOST:PORT` or `[IPv6]:PORT`. */
function parseAddress(text: string): { readonly host: string; readonly port: number } {
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
