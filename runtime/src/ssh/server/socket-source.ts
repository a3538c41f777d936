import { createServer, type Server as NetServer, type Socket } from "node:net";
import { formatHostPort } from "../../base/net/host-port.js";
import { listeningDescriptor } from "../../base/net/listening-descriptor.js";
import type { Observer } from "../../base/observer/observer.js";
import { printable } from "../../base/printable.js";
import { reportServerErrors } from "./report-server-errors.js";

/** An address of a server. */
export interface BoundAddress {
  readonly host: string;
  readonly port: number;
}

/** Delivers the TCP connections of a server. Its user opens it once, and closes it. */
export interface SocketSource {
  /**
   * Begins to deliver, and returns the first address.
   * @throws Error with a `code` where it cannot listen
   */
  open(receive: (socket: Socket) => void, observer: Observer): Promise<BoundAddress>;
  /** Delivers no more. Resolves when the connections that it has delivered are closed, at the earliest. */
  close(): Promise<void>;
}

/** A socket that listens, which another process has passed: what `server.listen` takes. */
export interface ListenHandle {
  readonly handle: object;
}

/** An address to listen on, or the descriptor or handle of a socket that listens. */
export type ListenTarget = BoundAddress | ListenHandle | { readonly fd: number };

/** Listens on addresses, or on sockets that the process has inherited or received. */
export class TcpSockets implements SocketSource {
  readonly #targets: readonly ListenTarget[];
  readonly #pauseOnConnect: boolean;
  readonly #servers: NetServer[] = [];
  #stopReports: (() => void)[] = [];

  /** @param options `pauseOnConnect` reads nothing from connections that another process gets */
  constructor(targets: readonly ListenTarget[], { pauseOnConnect = false } = {}) {
    this.#targets = targets;
    this.#pauseOnConnect = pauseOnConnect;
  }

  /** The descriptors of the open sockets, which a child process may inherit. */
  get descriptors(): readonly number[] {
    return this.#servers.flatMap((server) => listeningDescriptor(server) ?? []);
  }

  async open(receive: (socket: Socket) => void, observer: Observer): Promise<BoundAddress> {
    let first: BoundAddress | undefined;
    try {
      for (const target of this.#targets) {
        const options = { noDelay: true, keepAlive: true, pauseOnConnect: this.#pauseOnConnect };
        const server = createServer(options, receive);
        const address = await listenOn(server, target);
        this.#servers.push(server);
        this.#stopReports.push(reportServerErrors(server, observer));
        first ??= address;
      }
    } catch (error) {
      await this.close();
      throw error;
    }
    if (first === undefined) throw new Error("no address to listen on");
    return first;
  }

  async close(): Promise<void> {
    for (const stop of this.#stopReports) stop();
    this.#stopReports = [];
    await Promise.all(this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  }
}

async function listenOn(server: NetServer, target: ListenTarget): Promise<BoundAddress> {
  await new Promise<void>((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(listenError(error, target));
    server.once("error", fail);
    server.listen(target, () => {
      server.off("error", fail);
      resolve();
    });
  });
  const bound = server.address();
  if (bound === null || typeof bound === "string") {
    server.close();
    throw new Error(`cannot listen on ${nameOf(target)}: not a TCP socket`);
  }
  return { host: bound.address, port: bound.port };
}

function nameOf(target: ListenTarget): string {
  if ("handle" in target) return "the socket of the running server";
  return "fd" in target ? `descriptor ${target.fd}` : formatHostPort(printable(target.host), target.port);
}

function listenError(error: NodeJS.ErrnoException, target: ListenTarget): Error {
  const isPrivileged = "port" in target && target.port < 1024;
  const reasons: Record<string, string> = {
    EADDRINUSE: "the port is in use; stop the other process, or choose another port",
    EACCES: `permission denied${isPrivileged ? "; ports below 1024 need privileges, choose a higher one" : ""}`,
    EADDRNOTAVAIL: "this machine does not have this address",
    ENOTFOUND: "unknown host name",
  };
  const reason = reasons[error.code ?? ""] ?? error.message;
  return Object.assign(new Error(`cannot listen on ${nameOf(target)}: ${reason}`, { cause: error }), {
    code: error.code,
  });
}
