import type { Socket } from "node:net";
import ssh2, { type Connection } from "ssh2";
import { ServerAccount } from "../../base/accounts/server-account.js";
import { checkNumber, MAX_TIMEOUT } from "../../base/check-number.js";
import { OptionError } from "../../base/check-options.js";
import { errorMessage } from "../../base/error-message.js";
import { formatHostPort, LISTEN_ADDRESS } from "../../base/net/host-port.js";
import type { ListedKeys } from "../../base/observer/observer.js";
import { holdsKey } from "../../base/printable.js";
import { LOGIN_RESERVE } from "../admission/admission.js";
import { ConnectionGate } from "../admission/connection-gate.js";
import { ExchangeQueue } from "../admission/exchange-queue.js";
import { guardConfig } from "../admission/guard-config.js";
import type { GuardOptions } from "../admission/guard-options.js";
import type { PendingConnection } from "../admission/pending-connection.js";
import { HYBRID_KEX, serverAlgorithms } from "../algorithms.js";
import { withKeyObject } from "../keys/format/make-signature.js";
import { publicKeyLine } from "../keys/format/public-key.js";
import { loadHostKeys } from "../keys/identity/host-key.js";
import { loadedMlKem, loadMlKem, warmMlKem } from "../ml-kem/load-ml-kem.js";
import { gatherWrites } from "../ssh2/gather-writes.js";
import { socketOf } from "../ssh2/internals.js";
import { openAuthentication } from "./auth/open-authentication.js";
import type { ChannelHandler } from "./channel-handler.js";
import { forwardingRules } from "./forwarding/forwarding-rules.js";
import { IncomingConnection } from "./incoming-connection.js";
import type { ListenOptions } from "./listen-options.js";
import { TcpSockets } from "./socket-source.js";

/** A listening server. The caller of {@link listen} closes it. */
export interface Listener {
  /** The address of the server. */
  readonly host: string;
  /** The port of the server: the actual one, where the option was 0. */
  readonly port: number;
  /** Its host keys as lines of known_hosts without the host: `ssh-ed25519 AAAA…`. */
  readonly hostKeys: readonly string[];
  /** The fingerprints of its host keys, `SHA256:…`. */
  readonly fingerprints: readonly string[];
  /** Warnings for the operator, one line each, such as an empty list of keys. They are diagnostics of the observer, too. */
  readonly warnings: readonly string[];
  /** The number of open TCP connections. */
  readonly connections: number;
  /** The keys that are listed; undefined where a function decides. */
  readonly authorizedKeys: ListedKeys | undefined;
  /**
   * Looks the grants of every peer up again, after the answers of a function in the options have changed: peers that are
   * denied now are disconnected, others get their current scopes. Changes of files are noticed without it.
   */
  reauthorize(): void;
  /**
   * Takes the limits of other options, for new connections: those of {@link GuardOptions} but `algorithms` and keepalives. Reads the lists of
   * keys again, and authorizes every peer again.
   * @throws OptionError; then nothing has changed
   */
  reload(options: GuardOptions): Promise<void>;
  /** Stops listening; open connections stay open. Resolves when the last one has closed. */
  stop(): Promise<void>;
  /** Stops listening and disconnects all peers; connections that are open after 1 s are destroyed. */
  close(): Promise<void>;
}

/** Defaults of {@link ListenOptions}; times in milliseconds. */
export const LISTEN_DEFAULTS = { maxChannels: 10, sessionTimeout: 10_000 } as const;

/** How many connections may wait for their PROXY protocol header, beside `maxConnections`. */
const MAX_UNIDENTIFIED = 256;

/**
 * Listens for SSH connections, and serves the channels of authenticated peers with `handlers`.
 * @throws OptionError of one line with the file, key or option at fault, and the fix; Error with a `code` where it cannot listen
 */
export async function listen(options: ListenOptions, handlers: readonly ChannelHandler[]): Promise<Listener> {
  const { host = LISTEN_ADDRESS.host, port = LISTEN_ADDRESS.port, observer = {}, ident = "ssh" } = options;
  checkNumber("port", port, 0, 65_535);
  // Errors of the system quote the host.
  if (holdsKey(host)) throw new OptionError("option host: the text of a key, not an address");
  let guard = guardConfig(options);
  const algorithms = serverAlgorithms(options.algorithms);
  const needsMlKem = guard.kex.includes(HYBRID_KEX);
  const maxChannels = checkNumber("maxChannels", options.maxChannels ?? LISTEN_DEFAULTS.maxChannels, 1);
  const forwarding = forwardingRules(options.forwarding);
  const { sessionTimeout = LISTEN_DEFAULTS.sessionTimeout } = options;
  checkNumber("sessionTimeout", sessionTimeout, 1, MAX_TIMEOUT);
  const hostKeys = await loadHostKeys(options.hostKeys).catch(invalidOption);
  const exchanges = new ExchangeQueue();
  const { accounts = new ServerAccount({ server: { connections: guard.maxConnections }, key: {}, connection: {} }) } =
    options;
  const serving = {
    accounts,
    hostKeys,
    handlers,
    maxChannels,
    forwarding,
    session: options.session,
    sessionTimeout,
    exchanges,
  };
  const authentication = await openAuthentication(options, observer).catch(invalidOption);
  const { warnings } = authentication;
  for (const message of warnings) observer.diagnostic?.({ level: "warn", message });

  let config = { ...authentication.config, ...serving, guard };
  const open = new Map<Socket, IncomingConnection | undefined>();
  const pending = new WeakMap<Socket, PendingConnection>();
  const ssh = new ssh2.Server({
    hostKeys: hostKeys.map(({ privateKey }) => ({ key: withKeyObject(privateKey) })),
    algorithms,
    ident,
    keepaliveInterval: guard.keepaliveInterval,
    keepaliveCountMax: guard.keepaliveCountMax,
  });
  ssh.on("connection", (connection: Connection) => {
    const socket = socketOf(connection);
    const accepted = pending.get(socket) as PendingConnection;
    const incoming = new IncomingConnection(connection, accepted, config);
    accepted.determineFailure(() => incoming.failure());
    accepted.endWith((reason) => incoming.refuse(reason));
    connection.once("ready", () => accepted.authenticated());
    open.set(socket, incoming);
  });
  const reauthorize = (): void => {
    for (const connection of open.values()) connection?.reauthorize();
  };
  authentication.onChange(reauthorize);
  ssh.on("error", (error: Error) => observer.diagnostic?.({ level: "error", message: "SSH server failed", error }));

  // Our own TCP server: the gate reads a connection before ssh2 does.
  const gate = new ConnectionGate(guard, { ident, observer, siblings: options.siblings }, (accepted) => {
    pending.set(accepted.socket, accepted);
    const start = (): void => {
      if (!accepted.socket.destroyed) ssh.injectSocket(accepted.socket);
    };
    if (!needsMlKem || loadedMlKem() !== undefined) start();
    // Without ML-KEM, which is then reported, the other key exchanges are offered.
    else void loadMlKem().then(start, start);
  });
  const sockets = options.sockets ?? new TcpSockets([{ host, port }]);
  const receive = (socket: Socket): void => {
    // The gate bounds the connections that it has admitted; this bounds those that it has not identified yet.
    const most = guard.maxConnections + LOGIN_RESERVE + MAX_UNIDENTIFIED;
    if (open.size >= most) {
      const address = formatHostPort(socket.remoteAddress ?? "", socket.remotePort ?? 0);
      gate.reportRefusal(address, `${most} connections are open (maxConnections)`);
      socket.destroy();
      return;
    }
    open.set(socket, undefined);
    socket.on("close", () => open.delete(socket));
    gatherWrites(socket);
    void gate.receive(socket);
  };
  const address = await sockets.open(receive, observer).catch(async (error) => {
    await authentication.close();
    throw error;
  });
  // In the background: it delays neither the start, nor the first login where that comes later.
  if (needsMlKem) {
    warmMlKem().catch((error: unknown) =>
      observer.diagnostic?.({ level: "error", message: `${HYBRID_KEX} is not offered: cannot load ML-KEM`, error }),
    );
  }

  const stop = async (): Promise<void> => {
    await sockets.close();
    // Destroyed sockets emit "close" a moment later.
    await Promise.all([...open.keys()].map((socket) => new Promise((resolve) => socket.once("close", resolve))));
    gate.close();
    await authentication.close();
  };
  return {
    ...address,
    hostKeys: hostKeys.map(({ publicKey }) => publicKeyLine(publicKey)),
    fingerprints: hostKeys.map(({ publicKey }) => publicKey.fingerprint),
    warnings,
    get connections() {
      return open.size;
    },
    get authorizedKeys() {
      return authentication.listedKeys();
    },
    reauthorize,
    reload: async (next) => {
      const { kex, chosen, keepaliveInterval, keepaliveCountMax, knownAddressTtl } = guard;
      guard = { ...guardConfig(next), kex, chosen, keepaliveInterval, keepaliveCountMax, knownAddressTtl };
      config = { ...config, guard };
      gate.limit(guard);
      await authentication.refresh();
      reauthorize();
    },
    stop,
    close: () => {
      for (const [socket, connection] of open) {
        if (connection === undefined) socket.destroy();
        else connection.close();
      }
      return stop();
    },
  };
}

/** An unusable file or key, which an option names. */
function invalidOption(error: unknown): never {
  throw error instanceof OptionError ? error : new OptionError(errorMessage(error), { cause: error });
}
