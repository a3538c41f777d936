import type { KorvClientOptions } from "../adapters/korv/korv-options.js";
import { checkOptions, type OptionTable, oneOf } from "../base/check-options.js";
import { type Logger, safeLogger } from "../base/log.js";
import { combineObservers } from "../base/observer/combine-observers.js";
import { printable } from "../base/printable.js";
import type { SshClient } from "../base/ssh-client.js";
import type { Transport } from "../base/transport.js";
import { CLIENT_OPTIONS, type Client, type ClientOptions, openClient, pickClientOptions } from "../client/client.js";
import { contractOf } from "../client/contract-of.js";
import type { ServedContract } from "../contract/built-in/built-in-api.js";
import type { Api } from "../contract/method.js";
import { checkedOptions, toBadRequest } from "../contract/option-errors.js";
import { RpcError } from "../contract/rpc-error.js";
import { channelObserver } from "../observe/channels/channel-observer.js";
import type { OpensshOptions } from "../openssh/openssh-options.js";
import type { DialOptions } from "../ssh/client/dial-options.js";
import { DIAL_OPTIONS } from "./option-tables.js";

/**
 * The target of a client: an address such as `ssh://alice@edge:8022`, a transport, or a list of these for several hosts with the
 * same API. Calls are distributed over the connected hosts, and succeed while one of them is connected.
 */
export type Target = string | Transport | readonly (string | Transport)[];

/** Options of `connect`. `Callbacks` is the type of the handlers that the schema declares for the client. */
export interface ConnectOptions<Callbacks = never> extends ClientOptions, DialOptions {
  /** Handlers for the callbacks that the server calls. Default: none. */
  readonly callbacks?: Callbacks;
  /** Logger for failed callbacks, observers and listeners, and for differences of contracts; false disables it. Default: that of `openLog` at level `warn`, to standard error. */
  readonly log?: Logger | false;
  /**
   * The SSH connection to a target that is an address: `ssh2` is built in, `openssh` runs the `ssh` program of this system, with
   * its whole configuration. Default: `ssh2`.
   */
  readonly transport?: "ssh2" | "openssh";
  /**
   * The protocol of the server. `korv` is that of the Python framework korv, which has no streams (UNIMPLEMENTED), metadata or
   * deadlines; it needs the transport `ssh2`. Default: `sshrpc`.
   */
  readonly protocol?: "sshrpc" | "korv";
  /** For the transport `openssh`. */
  readonly openssh?: OpensshOptions;
  /** For the protocol `korv`. */
  readonly korv?: KorvClientOptions;
}

/** How {@link connectSsh} connects. */
export interface ConnectSshOptions extends DialOptions {
  /** Aborts the attempt to connect; it has no effect on an established connection. */
  readonly signal?: AbortSignal;
}

const TRANSPORTS = ["ssh2", "openssh"];
const PROTOCOLS = ["sshrpc", "korv"];

const CONNECT_OPTIONS = {
  ...CLIENT_OPTIONS,
  ...DIAL_OPTIONS,
  callbacks: oneOf("object"),
  log: true,
  transport: true,
  protocol: true,
  openssh: {
    ...{ program: oneOf("string"), args: oneOf("strings"), command: oneOf("string"), interactive: oneOf("boolean") },
  } satisfies OptionTable<OpensshOptions>,
  korv: { mapPath: oneOf("function"), sendTimeout: true } satisfies OptionTable<KorvClientOptions>,
} satisfies OptionTable<ConnectOptions<object>>;

const CONNECT_SSH_OPTIONS = { ...DIAL_OPTIONS, signal: true } satisfies OptionTable<ConnectSshOptions>;

/**
 * Connects to `target`, and returns a client of the API; the caller closes it. Generated code calls this function. It loads ssh2
 * only for an address, so that other clients start faster.
 * @throws RpcError UNAUTHENTICATED if the key of either side is rejected, BAD_REQUEST for an invalid option, UNAVAILABLE for
 * every other failure
 */
export async function connectApi<C extends Client>(
  api: Api,
  target: Target,
  options: ConnectOptions<object> = {},
): Promise<C> {
  try {
    checkOptions(options, CONNECT_OPTIONS);
    return await connectTo<C>(api, target, options);
  } catch (error) {
    throw toBadRequest(error);
  }
}

async function connectTo<C extends Client>(api: Api, target: Target, options: ConnectOptions<object>): Promise<C> {
  const targets = [target].flat() as readonly (string | Transport)[];
  const transports = await Promise.all(targets.map((one) => toTransport(api, one, options)));
  const lazyLog = errorLog(options.log);
  const observers = [channelObserver(), ...[options.observer ?? []].flat()];
  const clientOptions = { ...pickClientOptions(options), observer: combineObservers(observers, lazyLog) };
  if (options.callbacks === undefined) return openClient<C>(api, transports, clientOptions, { log: lazyLog });
  const [{ serveCallbacks }, { resolveLog }] = await Promise.all([
    import("./callbacks.js"),
    import("./resolve-log.js"),
  ]);
  const log = await resolveLog(options.log, "warn");
  const serve = serveCallbacks(api, options.callbacks, { ...options, ...clientOptions, log });
  return openClient<C>(api, transports, clientOptions, { serve, log });
}

/**
 * Connects to `target` without its generated code, reads its contract as {@link contractOf} does, and closes the connection.
 * @throws RpcError as {@link contractOf}, and as `connect`
 */
export async function fetchContract(target: Target, options: ConnectOptions = {}): Promise<ServedContract> {
  const { signal, timeout } = options;
  await using client = await connectApi<Client>(NO_API, target, options);
  return await contractOf(client, { ...(signal && { signal }), ...(timeout !== undefined && { timeout }) });
}

/** What a client without a contract is built from. */
const NO_API: Api = { name: "", version: "", hash: "", methods: [] };

/**
 * Connects to any SSH server for commands, files and forwarded connections; the caller closes the client.
 * @throws RpcError UNAUTHENTICATED if the key of either side is rejected, BAD_REQUEST for an invalid option, UNAVAILABLE for
 * every other failure
 */
export async function connectSsh(target: string, options: ConnectSshOptions = {}): Promise<SshClient> {
  checkedOptions(() => checkOptions(options, CONNECT_SSH_OPTIONS));
  const { openSshClient } = await import("./ssh-transport.js");
  return openSshClient(target, options, options.signal);
}

/** A logger for failed observers and listeners, and for differences of contracts. The default one is opened for its first line. */
function errorLog(log: ConnectOptions["log"]): Pick<Logger, "error" | "warn"> {
  if (log !== undefined) return safeLogger(log);
  let opened: Promise<Logger> | undefined;
  const write = (level: "error" | "warn"): Logger["error"] => {
    return (fields, message) => {
      opened ??= import("./resolve-log.js").then(({ resolveLog }) => resolveLog(undefined, "warn"));
      opened.then((logger) => logger[level](fields, message)).catch(() => undefined);
    };
  };
  return { error: write("error"), warn: write("warn") };
}

function invalid(option: string, value: unknown, instead: string): RpcError {
  return new RpcError(
    "BAD_REQUEST",
    `option ${option}: invalid value "${printable(String(value), 60)}"; use ${instead}`,
  );
}

async function toTransport(api: Api, target: string | Transport, options: ConnectOptions<object>): Promise<Transport> {
  if (typeof target !== "string") return target;
  const { transport = "ssh2", protocol = "sshrpc" } = options;
  if ((transport as string) === "korv") throw invalid("transport", transport, 'protocol: "korv"');
  if (!TRANSPORTS.includes(transport)) throw invalid("transport", transport, TRANSPORTS.join(" or "));
  if (!PROTOCOLS.includes(protocol)) throw invalid("protocol", protocol, PROTOCOLS.join(" or "));
  if (transport === "openssh") {
    if (protocol === "korv") throw invalid("transport", transport, "ssh2, which korv needs");
    const [{ opensshTransport }, { OpensshClient }, { toRpcError }] = await Promise.all([
      import("../openssh/openssh-transport.js"),
      import("../openssh/openssh-client.js"),
      import("./ssh-errors.js"),
    ]);
    const all = { ...options, ...options.openssh };
    return { ...opensshTransport(target, all), ssh: () => new OpensshClient(target, all, toRpcError) };
  }
  const { sshDialer, sshTransport } = await import("./ssh-transport.js");
  if (protocol !== "korv") return sshTransport(target, options);
  const { korvTransport } = await import("../adapters/korv/korv-transport.js");
  return korvTransport(api, sshDialer(target, options), { ...options.korv, limits: options.limits ?? {} });
}
