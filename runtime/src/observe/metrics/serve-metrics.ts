import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Registry } from "prom-client";
import { checkNumber } from "../../base/check-number.js";
import { checkOptions, OptionError, type OptionTable, oneOf } from "../../base/check-options.js";
import { errorMessage } from "../../base/error-message.js";
import { formatHostPort } from "../../base/net/host-port.js";
import { listeningDescriptor } from "../../base/net/listening-descriptor.js";
import { holdsKey } from "../../base/printable.js";
import { wrongType } from "../../base/wrong-type.js";
import { checkedOptions } from "../../contract/option-errors.js";
import { READY } from "./server-metrics.js";

/** Where metrics are served by default: the port that OpenTelemetry uses for Prometheus. */
export const METRICS_ADDRESS = { host: "127.0.0.1", port: 9464 } as const;

/** Options of {@link serveMetrics}. */
export interface ServeMetricsOptions {
  /** The address to listen on. Everyone who reaches it can read the metrics. Default: 127.0.0.1. */
  readonly host?: string;
  /** The port to listen on; 0 for a free one. Default: 9464. */
  readonly port?: number;
}

const SERVE_METRICS_OPTIONS = { host: oneOf("string"), port: true } satisfies OptionTable<ServeMetricsOptions>;

/** An HTTP server of metrics. Its owner closes it. */
export interface MetricsServer extends AsyncDisposable {
  /** The address it listens on. */
  readonly host: string;
  /** The port it listens on: the assigned one if the option is 0. */
  readonly port: number;
  /** Closes the port and its connections. */
  close(): Promise<void>;
}

/** Connections: a scraper has one. A further one takes the place of the one that was quiet for longest. */
export const MAX_SCRAPERS = 16;

/** Milliseconds for the headers of a request. */
export const HEADERS_TIMEOUT = 5000;

/** Milliseconds that a connection is kept between scrapes, and for a request. */
export const IDLE_TIMEOUT = 30_000;

/** Bytes of the headers of a request. */
export const MAX_HEADERS = 8192;

/**
 * Serves the metrics of a registry over HTTP, as `GET /metrics`, for Prometheus; and `GET /ready`, for load balancers and orchestrators: 200 if
 * the server is ready, else 503. It has 16 connections at most: a further one ends the one
 * that was quiet for longest, so that clients that send nothing keep no scraper out. It has no encryption or authentication: keep it on the
 * loopback address, or on a network for monitoring.
 * @throws RpcError BAD_REQUEST for an invalid option; Error with a `code` such as EADDRINUSE if it cannot listen on the address
 */
export async function serveMetrics(registry: Registry, options: ServeMetricsOptions = {}): Promise<MetricsServer> {
  const address = checkedOptions(() => checkServeOptions(registry, options));
  return openMetricsServer(sourceOf(registry), address);
}

/** The metrics of a registry. */
export function sourceOf(registry: Registry): MetricsSource {
  return {
    metrics: () => registry.metrics(),
    ready: async () => {
      const values = (await registry.getSingleMetric(`sshrpc_${READY}`)?.get())?.values;
      return values?.[0]?.value === 1;
    },
    type: registry.contentType,
  };
}

/** What {@link openMetricsServer} serves. */
interface MetricsSource {
  /** The text of the metrics. */
  readonly metrics: () => Promise<string>;
  /** Whether the server is ready. */
  readonly ready: () => Promise<boolean>;
  /** Its content type. */
  readonly type: string;
}

/** The server of a process that passes its socket on. */
interface PassedMetricsServer extends MetricsServer {
  /** Of the socket that listens. */
  readonly descriptor: number | undefined;
}

/** As {@link serveMetrics}, for any text. @param target where it listens: an address, or what `server.listen` takes for a socket that listens */
export async function openMetricsServer(
  source: MetricsSource,
  target: Required<ServeMetricsOptions> | { readonly fd: number } | { readonly handle: object },
): Promise<PassedMetricsServer> {
  let text: Promise<string> | undefined;
  /** Scrapes at the same time share a text. */
  const metrics = (): Promise<string> => {
    text ??= source.metrics().finally(() => {
      text = undefined;
    });
    return text;
  };
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT,
      requestTimeout: IDLE_TIMEOUT,
      keepAliveTimeout: IDLE_TIMEOUT,
      connectionsCheckingInterval: HEADERS_TIMEOUT,
      maxHeaderSize: MAX_HEADERS,
    },
    (request, response) => {
      scrapers.used(request.socket);
      void answer(request, response, { ...source, metrics });
    },
  );
  const scrapers = new Scrapers();
  server.on("connection", (socket) => scrapers.add(socket));
  // A scraper that does not read must not hold its connection.
  server.setTimeout(IDLE_TIMEOUT);
  await new Promise<void>((resolve, reject) => {
    const where = "port" in target ? formatHostPort(target.host, target.port) : "the socket of another process";
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, where)));
    server.listen(target, resolve);
  });
  // A connection that cannot be accepted, as without free memory, must not end the process.
  server.on("error", () => undefined);
  const { address, port: actual } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const descriptor = listeningDescriptor(server);
  return { host: address, port: actual, descriptor, close, [Symbol.asyncDispose]: close };
}

/** The connections, from the one that was quiet for longest to the one that was used last. */
class Scrapers {
  readonly #sockets = new Set<Socket>();

  add(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    if (this.#sockets.size <= MAX_SCRAPERS) return;
    const [quietest] = this.#sockets;
    if (quietest === undefined) return;
    this.#sockets.delete(quietest);
    quietest.destroy();
  }

  /** A request has arrived. */
  used(socket: Socket): void {
    if (this.#sockets.delete(socket)) this.#sockets.add(socket);
  }
}

async function answer(
  { url = "", method }: IncomingMessage,
  response: ServerResponse,
  source: MetricsSource,
): Promise<void> {
  const end = (status: number, text: string, headers: Readonly<Record<string, string>> = {}): void => {
    response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", ...headers });
    response.end(method === "HEAD" ? undefined : text);
  };
  const [path] = url.split("?", 1);
  if (path !== "/metrics" && path !== "/ready") return end(404, "not found; the metrics are at /metrics\n");
  if (method !== "GET" && method !== "HEAD") return end(405, "use GET\n", { Allow: "GET, HEAD" });
  try {
    if (path === "/ready") {
      const isReady = await source.ready();
      return end(isReady ? 200 : 503, isReady ? "ready\n" : "not ready\n");
    }
    end(200, await source.metrics(), { "Content-Type": source.type });
  } catch (error) {
    end(500, `the metrics could not be collected: ${errorMessage(error)}\n`);
  }
}

function checkServeOptions(registry: Registry, options: ServeMetricsOptions): Required<ServeMetricsOptions> {
  if (typeof registry?.metrics !== "function") {
    throw new OptionError(`registry: ${wrongType(registry, "a Registry of prom-client")}`);
  }
  checkOptions(options, SERVE_METRICS_OPTIONS);
  const { host = METRICS_ADDRESS.host, port = METRICS_ADDRESS.port } = options;
  checkNumber("port", port, 0, 65_535);
  // Errors of the system quote the host.
  if (holdsKey(host)) throw new OptionError("option host: the text of a key, not an address");
  return { host, port };
}

function listenError(error: NodeJS.ErrnoException, address: string): Error {
  const reason = error.code === "EADDRINUSE" ? "the port is in use" : errorMessage(error);
  return Object.assign(new Error(`metrics: cannot listen on ${address}: ${reason}`, { cause: error }), {
    code: error.code,
  });
}
