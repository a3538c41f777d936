import { createServer, type ListenOptions, type Socket } from "node:net";
import { isMainThread } from "node:worker_threads";

/** A listener for a peer. */
export interface PeerListener {
  /** The actual port, where the request was for 0; undefined for a unix socket. */
  readonly port: number | undefined;
  /** Stops listening; open connections stay open. */
  close(): void;
}

/** The umask under which only the user of the server may connect to a unix socket. */
const PRIVATE_UMASK = 0o177;

/** The listen(2) backlog. */
const BACKLOG = 16;

/**
 * Listens on a port or a unix socket, and calls `onSocket` with each connection, which is paused.
 * @throws Error of the system
 */
export function listenForPeer(
  where: Pick<ListenOptions, "host" | "port" | "path">,
  onSocket: (socket: Socket) => void,
  onError: (error: Error) => void,
): Promise<PeerListener> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, onSocket);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    withUmask(where.path === undefined ? undefined : PRIVATE_UMASK, () => {
      server.listen({ ...where, backlog: BACKLOG, exclusive: true }, () => {
        server.off("error", reject).on("error", onError);
        const address = server.address();
        const port = typeof address === "object" && address !== null ? address.port : undefined;
        resolve({ port, close: () => void server.close() });
      });
    });
  });
}

/** Runs an action under a umask: `listen` creates a unix socket in the same turn. */
function withUmask(mask: number | undefined, action: () => void): void {
  // A worker thread cannot set the umask; the one of its process applies.
  if (mask === undefined || !isMainThread) {
    action();
    return;
  }
  const before = process.umask(mask);
  try {
    action();
  } finally {
    process.umask(before);
  }
}

/**
 * The address to bind for a peer that requests `host` (RFC 4254, section 7.1). Without `gatewayPorts` it is always loopback,
 * as in sshd.
 */
export function bindAddress({ host, gatewayPorts }: { readonly host: string; readonly gatewayPorts: boolean }): string {
  if (host === "::1") return host;
  if (!gatewayPorts || host === "localhost") return "127.0.0.1";
  // "::" listens on IPv4 as well, where the system supports it.
  return host === "" || host === "*" ? "::" : host;
}
