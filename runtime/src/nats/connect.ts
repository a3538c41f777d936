import { setTimeout as sleep } from "node:timers/promises";
import type { NatsConnection, NodeConnectionOptions } from "@nats-io/transport-node";
import { checkNumber, MAX_TIMEOUT } from "../base/check-number.js";
import { checkOptions, OptionError, type OptionTable, oneOf } from "../base/check-options.js";
import { errorMessage } from "../base/error-message.js";
import { type Logger, safeLogger } from "../base/log.js";
import { checkedOptions } from "../contract/option-errors.js";
import { loadPeer } from "../observe/load-peer.js";
import { credentials, type NatsCredentials } from "./credentials.js";

/** Files of TLS, in PEM. */
export interface NatsTls {
  /** The certificates of the authorities that the NATS servers are checked against. Default: those of Node. */
  readonly ca?: string;
  /** The certificate of this program, where the NATS servers ask for one. */
  readonly cert?: string;
  /** Its private key. */
  readonly key?: string;
}

/** Options of {@link connectNats}. */
export interface NatsOptions {
  /**
   * One or more NATS servers of a cluster: `nats://host:port`, or `tls://host:port` to require TLS; the port defaults to 4222. A URL may have a user and
   * password, or a token, before the `@`; a file of `credentials` keeps them out of lists of processes.
   */
  readonly servers: string | readonly string[];
  /**
   * A file with the credentials: a `.creds` file with a user's JWT and its nkey, or the seed of a user's nkey. It is read for each connection, so that it can
   * be replaced. Default: none.
   */
  readonly credentials?: string;
  /** Files of TLS; given, TLS is required. */
  readonly tls?: NatsTls;
  /** The name of the connection in the monitoring of NATS. Default: sshrpc. */
  readonly name?: string;
  /** How long a NATS server is waited for at the start, in ms. Default: 30,000. */
  readonly connectTimeout?: number;
  /** Receives lines about a connection that is lost and back. Default: none. */
  readonly log?: Logger | false;
}

const TLS_OPTIONS = {
  ca: oneOf("string"),
  cert: oneOf("string"),
  key: oneOf("string"),
} satisfies OptionTable<NatsTls>;

const NATS_OPTIONS = {
  servers: oneOf("string", "strings"),
  credentials: oneOf("string"),
  tls: oneOf(TLS_OPTIONS),
  name: oneOf("string"),
  connectTimeout: true,
  log: true,
} satisfies OptionTable<NatsOptions>;

/** The defaults of {@link NatsOptions}. */
export const NATS_DEFAULTS = { name: "sshrpc", connectTimeout: 30_000 } as const;

/** Milliseconds for one attempt at the start, and between attempts. */
const ATTEMPT = 2000;
const RETRY_AFTER = 250;

/** Milliseconds between attempts to reconnect, and of silence after which a NATS server is asked whether it is there. */
const RECONNECT_AFTER = 500;
const PING_INTERVAL = 10_000;

/**
 * Connects to NATS. A NATS server that is down is waited for, and a lost connection is re-established, for as long as it takes. The owner closes the
 * connection. It needs the package `@nats-io/transport-node`.
 * @throws RpcError BAD_REQUEST for an invalid option; Error that names the servers where none can be reached, or the package to install
 */
export async function connectNats(options: NatsOptions): Promise<NatsConnection> {
  const { target, log, timeout } = checkedOptions(() => checkNatsOptions(options));
  const nats = await loadPeer("@nats-io/transport-node", "sshrpc/nats", () => import("@nats-io/transport-node"));
  const authenticator = await credentials(nats, target);
  const settings: NodeConnectionOptions = {
    servers: [...target.servers],
    name: options.name ?? NATS_DEFAULTS.name,
    ...(authenticator && { authenticator }),
    ...(options.tls ? { tls: tlsFiles(options.tls) } : target.isTls && { tls: {} }),
    timeout: Math.min(ATTEMPT, timeout),
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_AFTER,
    // Credentials may be replaced while the connection is lost.
    ignoreAuthErrorAbort: true,
    pingInterval: PING_INTERVAL,
  };
  const end = performance.now() + timeout;
  for (;;) {
    try {
      const connection = await nats.connect(settings);
      void report(connection, log);
      return connection;
    } catch (error) {
      const isRefused =
        error instanceof nats.AuthorizationError || error instanceof nats.UserAuthenticationExpiredError;
      if (isRefused || performance.now() + RETRY_AFTER >= end)
        throw new Error(`cannot connect to NATS at ${target.servers.join(", ")}: ${errorMessage(error)}`, {
          cause: error,
        });
      await sleep(RETRY_AFTER);
    }
  }
}

interface CheckedOptions {
  readonly target: NatsCredentials & { readonly servers: readonly string[]; readonly isTls: boolean };
  readonly log: Logger;
  readonly timeout: number;
}

/** @throws OptionError */
function checkNatsOptions(options: NatsOptions): CheckedOptions {
  checkOptions(options, NATS_OPTIONS);
  const { servers = [], credentials: file, log = false, connectTimeout = NATS_DEFAULTS.connectTimeout } = options;
  const urls = (typeof servers === "string" ? [servers] : servers).map(parseServer);
  if (urls.length === 0)
    throw new OptionError("option servers: no NATS server; give at least one, such as nats://127.0.0.1:4222");
  const { username = "", password = "" } = urls.find((url) => url.username !== "") ?? {};
  const login = { user: decodeURIComponent(username), password: decodeURIComponent(password) };
  if (file !== undefined && login.user !== "")
    throw new OptionError("option credentials: the URL of servers has a user or token, too; give one of them");
  return {
    target: {
      ...(file === undefined ? {} : { file }),
      ...login,
      servers: urls.map(({ host }) => host),
      isTls: urls.some(({ protocol }) => protocol === "tls:"),
    },
    log: safeLogger(log),
    timeout: checkNumber("connectTimeout", connectTimeout, 1, MAX_TIMEOUT),
  };
}

/** The message does not quote the URL: it may have a password. */
function parseServer(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url !== undefined && /^\/?$/.test(url.pathname) && url.search === "" && url.hash === "";
  if (url === undefined || !isPlain || url.host === "" || !/^(?:nats|tls):$/.test(url.protocol))
    throw new OptionError("option servers: not the URL of a NATS server; it takes nats://host:port or tls://host:port");
  return url;
}

function tlsFiles({ ca, cert, key }: NatsTls): NonNullable<NodeConnectionOptions["tls"]> {
  return { ...(ca && { caFile: ca }), ...(cert && { certFile: cert }), ...(key && { keyFile: key }) };
}

/** Logs what becomes of the connection, until it is closed. */
async function report(connection: NatsConnection, log: Logger): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === "disconnect")
      log.warn({ server: status.server }, "the connection to NATS is lost; reconnecting");
    else if (status.type === "reconnect")
      log.info({ server: status.server }, "the connection to NATS is re-established");
    else if (status.type === "error") log.warn({ err: status.error }, "NATS reports an error");
  }
}
