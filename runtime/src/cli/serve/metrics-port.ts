import { BlockList, isIP } from "node:net";
import type { Logger } from "../../base/log.js";
import { formatHostPort, readPort, splitHostPort } from "../../base/net/host-port.js";
import type { Observer } from "../../base/observer/observer.js";
import { printable } from "../../base/printable.js";
import { METRICS_ADDRESS, openMetricsServer } from "../../observe/metrics/serve-metrics.js";
import type { ListenTarget } from "../../ssh/server/socket-source.js";
import { UsageError } from "../shared/failure.js";

/** The metrics of `sshrpc serve --metrics`. */
export interface MetricsPort {
  readonly observer: Observer;
  /** The descriptor of its socket. */
  readonly descriptor: number | undefined;
  close(): Promise<void>;
}

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
  if (address === undefined && socket === undefined)
    return { observer: {}, descriptor: undefined, close: async () => {} };
  const target = socket ?? parseAddress(address ?? "");
  const { metrics } = await import("../../observe/metrics/metrics.js");
  const { observer, registry } = await metrics();
  const source = { metrics: () => registry.metrics(), type: registry.contentType };
  const { host, port, descriptor, close } = await openMetricsServer(source, target);
  const url = `http://${formatHostPort(host, port)}/metrics`;
  if (isLoopback(host)) log.info({ url }, "metrics are served");
  else log.warn({ url }, "metrics are served without authentication beyond this machine");
  return { observer, descriptor, close };
}

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
