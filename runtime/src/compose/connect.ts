import type { KorvClientOptions } from "../adapters/korv/korv-client-options.js";
import { type KnownOptions, type OptionTable, optionProblem } from "../base/check-options.js";
import { type Logger, SILENT } from "../base/log.js";
import type { SshClient } from "../base/ssh-client.js";
import type { Transport } from "../base/transport.js";
import { CLIENT_OPTIONS, type Client, type ClientOptions, openClient, pickClientOptions } from "../client/client.js";
import type { Api } from "../contract/method.js";
import { RpcError } from "../contract/rpc-error.js";
import type { OpensshOptions } from "../openssh/openssh-options.js";
import type { DialOptions } from "../ssh/client/dial-options.js";
import { DIAL_OPTIONS } from "./option-tables.js";

/**
 * Where a client connects to: an address such as `ssh://alice@edge:8022`, or a transport of another kind; or several, each
 * to a host of its own that serves the same. Calls are spread over those that are ready, and go on while one of them is.
 */
export type Target = string | Transport | readonly (string | Transport)[];

/** How a client connects and calls. `Callbacks` has the handlers that the schema declares for this side. */
export interface ConnectOptions<Callbacks = never> extends ClientOptions, DialOptions {
  /** What this side serves while it is connected. Default: nothing. */
  readonly callbacks?: Callbacks;
  /**
   * Where this side says why one of its callbacks failed; false for nowhere. Default: pino at level `warn`, to standard
   * error.
   */
  readonly log?: Logger | false;
  /**
   * How this client calls a target that is an address. `ssh2` (default): an sshrpc server over the built-in SSH. `openssh`: an
   * sshrpc server over the `ssh` program of this system, with its whole configuration. `korv`: a server of the Python
   * framework korv, which has no streams (UNIMPLEMENTED), metadata or deadlines.
   */
  readonly protocol?: (typeof PROTOCOLS)[number];
  /** For the protocol `openssh`. */
  readonly openssh?: OpensshOptions;
  /** For the protocol `korv`. */
  readonly korv?: KorvClientOptions;
}

/** How {@link connectSsh} connects. */
export interface ConnectSshOptions extends DialOptions {
  /** Aborts the attempt to connect; it has no effect on an established connection. */
  readonly signal?: AbortSignal;
}

const PROTOCOLS = ["ssh2", "openssh", "korv"] as const;

const CONNECT_OPTIONS = {
  ...CLIENT_OPTIONS,
  ...DIAL_OPTIONS,
  callbacks: true,
  log: true,
  protocol: true,
  openssh: { program: true, args: true, command: true, interactive: true } satisfies OptionTable<OpensshOptions>,
  korv: { mapPath: true, sendTimeout: true } satisfies OptionTable<KorvClientOptions>,
} satisfies OptionTable<ConnectOptions<object>>;

const CONNECT_SSH_OPTIONS = { ...DIAL_OPTIONS, signal: true } satisfies OptionTable<ConnectSshOptions>;

/**
 * Connects to `target` and gives a client of the API; whoever connects closes it. Generated code calls it.
 * ssh2 is loaded only here, when an address is dialled: a client in memory, or none at all, costs no start-up time.
 * @throws RpcError UNAUTHENTICATED where one side did not accept the other's key, UNAVAILABLE for every other reason
 */
export async function connectApi<C extends Client>(
  api: Api,
  target: Target,
  options: ConnectOptions<object> = {},
): Promise<C> {
  refuseUnknown(options, CONNECT_OPTIONS);
  const targets = [target].flat() as readonly (string | Transport)[];
  const transports = await Promise.all(targets.map((one) => toTransport(api, one, options)));
  const clientOptions = pickClientOptions(options);
  if (options.callbacks === undefined) return openClient<C>(api, transports, clientOptions);
  const [{ serveCallbacks }, { pino }] = await Promise.all([import("./callbacks.js"), import("pino")]);
  const log = options.log === false ? SILENT : (options.log ?? pino({ level: "warn" }, pino.destination(2)));
  return openClient<C>(api, transports, clientOptions, serveCallbacks(api, options.callbacks, { ...options, log }));
}

/**
 * Plain SSH to any server: commands, files, connections through it. It connects before it resolves; whoever gets it closes
 * it.
 * @throws RpcError UNAUTHENTICATED where one side did not accept the other's key, UNAVAILABLE for every other reason
 */
export async function connectSsh(target: string, options: ConnectSshOptions = {}): Promise<SshClient> {
  refuseUnknown(options, CONNECT_SSH_OPTIONS);
  const [{ dialer }, { SshConnector }] = await Promise.all([
    import("../ssh/client/dial.js"),
    import("../ssh/client/remote/ssh-connector.js"),
  ]);
  const client = new SshConnector(dialer(target, options));
  await client.connect(options.signal);
  return client;
}

function refuseUnknown(options: object, known: KnownOptions): void {
  const problem = optionProblem(options, known);
  if (problem !== undefined) throw new RpcError("BAD_REQUEST", problem);
}

async function toTransport(api: Api, target: string | Transport, options: ConnectOptions<object>): Promise<Transport> {
  if (typeof target !== "string") return target;
  const { protocol = "ssh2" } = options;
  if (!PROTOCOLS.includes(protocol)) {
    throw new RpcError("BAD_REQUEST", `option protocol: invalid value "${protocol}"; use ssh2, openssh or korv`);
  }
  if (protocol === "openssh") {
    const { opensshTransport } = await import("../openssh/openssh-transport.js");
    return opensshTransport(target, { ...options, ...options.openssh });
  }
  const { dialer, sshTransport } = await import("../ssh/client/dial.js");
  if (protocol !== "korv") return sshTransport(target, options);
  const { korvTransport } = await import("../adapters/korv/korv-transport.js");
  return korvTransport(api, dialer(target, options), { ...options.korv, limits: options.limits ?? {} });
}
