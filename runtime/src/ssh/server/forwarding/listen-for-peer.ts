import { createServer, type ListenOptions, type Socket } from "node:net";
import { isMainThread } from "node:worker_threads";

/** A listener on behalf of a peer. */
export interface PeerListener {
  /** The real one, where 0 was asked for; undefined for a unix socket. */
  readonly port: number | undefined;
  /** Stops listening; connections go on. */
  close(): void;
}

/** What nobody but the server's user may connect to. */
const PRIVATE = 0o177;

/** How many connections may wait to be taken. */
const BACKLOG = 16;

/**
 * Listens on a port or a unix socket, and gives its connections, which are paused, to `onSocket`.
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
    withMask(where.path === undefined ? undefined : PRIVATE, () => {
      server.listen({ ...where, backlog: BACKLOG, exclusive: true }, () => {
        server.off("error", reject).on("error", onError);
        const address = server.address();
        const port = typeof address === "object" && address !== null ? address.port : undefined;
        resolve({ port, close: () => void server.close() });
      });
    });
  });
}

/** A unix socket is made in the very turn in which it is asked for, with the rights that the mask leaves. */
function withMask(mask: number | undefined, action: () => void): void {
  // A worker can have no mask of its own; its files are as those of its process.
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
