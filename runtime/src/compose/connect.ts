import type { KorvClientOptions } from "../adapters/korv/korv-options.js";
import type { Logger } from "../base/log.js";
import type { SshClient } from "../base/ssh-client.js";
import type { Transport } from "../base/transport.js";
import { type Client, type ClientOptions, openClient } from "../client/client.js";
import type { Api } from "../contract/method.js";
import { RpcError } from "../contract/rpc-error.js";
import type { OpensshOptions } from "../openssh/openssh-options.js";
import type { DialOptions } from "../ssh/client/dial-options.js";

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
   * How an address is called. Default: `ssh2`, as an sshrpc server over the SSH that is built in. `openssh`: over the `ssh`
   * program of this system, with all that its configuration says. `korv`: as a server of the Python framework korv, which
   * knows no streams (UNIMPLEMENTED), metadata or deadlines.
   */
  readonly transport?: "ssh2" | "openssh" | "korv";
  /** For the transport `openssh`. */
  readonly openssh?: OpensshOptions;
  /** For the transport `korv`. */
  readonly korv?: KorvClientOptions;
}

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
  const targets = [target].flat() as readonly (string | Transport)[];
  const transports = await Promise.all(targets.map((one) => toTransport(api, one, options)));
  if (options.callbacks === undefined) return openClient<C>(api, transports, options);
  const [{ serveCallbacks }, { openLog }] = await Promise.all([import("./callbacks.js"), import("./open-log.js")]);
  const log = await openLog(options.log, "warn");
  return openClient<C>(api, transports, options, serveCallbacks(api, options.callbacks, { ...options, log }));
}

/**
 * Plain SSH to any server: commands, files, connections through it. It connects before it resolves; whoever gets it closes
 * it.
 * @throws RpcError UNAUTHENTICATED where one side did not accept the other's key, UNAVAILABLE for every other reason
 */
export async function connectSsh(
  target: string,
  options: DialOptions & { readonly signal?: AbortSignal } = {},
): Promise<SshClient> {
  const [{ dialer }, { SshConnector }] = await Promise.all([
    import("../ssh/client/dial.js"),
    import("../ssh/client/remote/ssh-connector.js"),
  ]);
  const client = new SshConnector(dialer(target, options));
  await client.connect(options.signal);
  return client;
}

async function toTransport(api: Api, target: string | Transport, options: ConnectOptions<object>): Promise<Transport> {
  if (typeof target !== "string") return target;
  const { transport = "ssh2" } = options;
  if (!["ssh2", "openssh", "korv"].includes(transport)) {
    throw new RpcError("BAD_REQUEST", `the option transport is "${transport}"; it takes ssh2, openssh or korv`);
  }
  if (transport === "openssh") {
    const { opensshTransport } = await import("../openssh/openssh-transport.js");
    return opensshTransport(target, { ...options, ...options.openssh });
  }
  const { dialer, sshTransport } = await import("../ssh/client/dial.js");
  if (transport !== "korv") return sshTransport(target, options);
  const { korvTransport } = await import("../adapters/korv/korv-transport.js");
  return korvTransport(api, dialer(target, options), { ...options.korv, limits: options.limits ?? {} });
}
