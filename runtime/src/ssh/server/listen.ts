import { randomBytes } from "node:crypto";
import { createServer, type Server as NetServer, type Socket } from "node:net";
import ssh2, { type Connection } from "ssh2";
import { checkNumber } from "../../base/check-number.js";
import { SILENT } from "../../base/log.js";
import { holdsKey, printable } from "../../base/printable.js";
import { ConnectionGate, type PendingConnection } from "../admission/connection-gate.js";
import { guardConfig } from "../admission/guard-config.js";
import { serverAlgorithms } from "../algorithms.js";
import { publicKeyLine } from "../keys/format/public-key.js";
import { type HostKey, loadHostKey } from "../keys/identity/host-key.js";
import type { HostKeySource } from "../keys/identity/host-key-source.js";
import { gatherWrites } from "../ssh2/gather-writes.js";
import { IDENT } from "../subsystem.js";
import { formatHostPort } from "../target.js";
import { openAuthentication } from "./auth/open-authentication.js";
import type { ChannelHandlers } from "./channel-handlers.js";
import { forwardingRules } from "./forwarding/forwarding-rules.js";
import { IncomingConnection } from "./incoming-connection.js";
import type { ListenOptions } from "./listen-options.js";
import { logWith } from "./log-with.js";

/** A server that listens. Whoever started it closes it. */
export interface Listener {
  /** The address that it listens on. */
  readonly host: string;
  /** The port that it listens on: the real one, where 0 was asked for. */
  readonly port: number;
  /** Its host keys as known_hosts writes them, without the host: `ssh-ed25519 AAAA…`. */
  readonly hostKeys: readonly string[];
  /** The fingerprints of its host keys, `SHA256:…`. */
  readonly fingerprints: readonly string[];
  /** What its operator should know, one line each, such as that nobody can log in yet. They are logged, too. */
  readonly warnings: readonly string[];
  /** How many TCP connections are open. */
  readonly connections: number;
  /**
   * Looks up again what every peer may do, for a function that decides may answer otherwise now: who is let in no more is
   * cut off, and others hold the scopes they have now. Lists in files are followed without it.
   */
  reauthorize(): void;
  /** Stops listening; open connections go on. Resolves when the last one has ended. */
  stop(): Promise<void>;
  /** Stops listening and ends all connections; those that have not closed within a second are destroyed. */
  close(): Promise<void>;
}

/** How many connections may wait for a load balancer to say whose they are, beside `maxConnections`. */
const UNSEEN = 256;

/**
 * Listens for SSH connections, and gives what peers open once they have proven themselves to `ways`. What has no way in
 * there is refused.
 * @throws Error of one line that names the file, address or option that is at fault, and what to do.
 */
export async function listen(options: ListenOptions, ways: ChannelHandlers): Promise<Listener> {
  const { host = "127.0.0.1", port = 8022, log = SILENT } = options;
  checkNumber("port", port, 0, 65_535);
  // The system's errors quote it.
  if (holdsKey(host)) throw new Error("host: the text of a key, not an address");
  const guard = guardConfig(options);
  const algorithms = serverAlgorithms(options.algorithms);
  const maxChannels = checkNumber("maxChannels", options.maxChannels ?? 10, 1);
  const forwarding = forwardingRules(options.forwarding);
  const hostKey = await loadOneHostKey(options.hostKeys);
  const authentication = await openAuthentication(options, log);
  const { warnings } = authentication;
  for (const warning of warnings) log.warn({}, warning);

  const open = new Map<Socket, IncomingConnection | undefined>();
  const visitors = new WeakMap<Socket, PendingConnection>();
  const ssh = new ssh2.Server({
    hostKeys: [{ key: hostKey.privateKey }],
    algorithms,
    ident: IDENT,
    keepaliveInterval: guard.keepaliveInterval,
    keepaliveCountMax: guard.keepaliveCountMax,
  });
  ssh.on("connection", (connection: Connection & { readonly _sock: Socket }) => {
    const socket = connection._sock;
    const visitor = visitors.get(socket) as PendingConnection;
    const connectionId = randomBytes(6).toString("base64url");
    const named = { connectionId, log: logWith(log, () => ({ connection: connectionId })) };
    const config = {
      ...authentication.config,
      ...named,
      ways,
      guard,
      maxChannels,
      forwarding,
      session: options.session,
    };
    const incoming = new IncomingConnection(connection, socket, visitor.address, config);
    visitor.judge = () => incoming.judge();
    connection.once("ready", () => visitor.loggedIn());
    open.set(socket, incoming);
  });
  const recheck = (): void => {
    for (const connection of open.values()) connection?.recheck();
  };
  authentication.onChange(recheck);
  ssh.on("error", (error: Error) => log.error({ err: error }, "SSH server"));

  // Our own TCP server, so that a connection is ours before ssh2 has heard a byte of it.
  const door = new ConnectionGate(guard, IDENT, log, (visitor) => {
    visitors.set(visitor.socket, visitor);
    ssh.injectSocket(visitor.socket);
  });
  const server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
    open.set(socket, undefined);
    socket.once("close", () => open.delete(socket));
    gatherWrites(socket);
    void door.receive(socket);
  });
  // The door keeps to maxConnections; this only bounds those that it is still looking at.
  server.maxConnections = guard.maxConnections + UNSEEN;
  server.on("drop", (drop) => {
    const address = drop && formatHostPort(drop.remoteAddress ?? "", drop.remotePort ?? 0);
    door.refused(address, `${server.maxConnections} connections are open (maxConnections)`);
  });
  const address = await listenOn(server, host, port).catch(async (error) => {
    await authentication.close();
    throw error;
  });
  server.on("error", (error: Error) => log.error({ err: error }, "TCP server"));

  const stop = async (): Promise<void> => {
    await new Promise<void>((resolve) => server.close(() => resolve()));
    // Their sockets are gone, and say so a moment later.
    await Promise.all([...open.keys()].map((socket) => new Promise((resolve) => socket.once("close", resolve))));
    door.close();
    await authentication.close();
  };
  return {
    ...address,
    hostKeys: [publicKeyLine(hostKey.publicKey)],
    fingerprints: [hostKey.publicKey.fingerprint],
    warnings,
    get connections() {
      return open.size;
    },
    reauthorize: recheck,
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

async function loadOneHostKey(sources: ListenOptions["hostKeys"]): Promise<HostKey> {
  const list = [sources].flat() as readonly HostKeySource[];
  const [source] = list;
  if (source === undefined || list.length > 1) {
    // SSH negotiates one host key of a type, and there is one type.
    throw new Error(
      `the option hostKeys has ${source === undefined ? "no" : list.length} keys; a server has one ed25519 host key`,
    );
  }
  return loadHostKey(source);
}

async function listenOn(server: NetServer, host: string, port: number): Promise<{ host: string; port: number }> {
  await new Promise<void>((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(listenError(error, host, port));
    server.once("error", fail);
    server.listen({ host, port }, () => {
      server.off("error", fail);
      resolve();
    });
  });
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error(`${formatHostPort(host, port)} is no TCP address`);
  return { host: bound.address, port: bound.port };
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const where = formatHostPort(printable(host), port);
  const why: Record<string, string> = {
    EADDRINUSE: "the port is in use by another process: stop that, or choose another port",
    EACCES: `this user may not listen there${port < 1024 ? ": ports under 1024 need privileges, choose another" : ""}`,
    EADDRNOTAVAIL: "this machine has no such address",
    ENOTFOUND: "no host has that name",
  };
  return Object.assign(
    new Error(`cannot listen on ${where}: ${why[error.code ?? ""] ?? error.message}`, { cause: error }),
    {
      code: error.code,
    },
  );
}
