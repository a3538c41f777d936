import type { Logger } from "../../base/log.js";
import { type ListenTarget, type SocketSource, TcpSockets } from "../../ssh/server/socket-source.js";
import { UsageError } from "../shared/failure.js";
import type { CliIo } from "../shared/io.js";
import type { Predecessor } from "../takeover/predecessor.js";
import { controlPath } from "../takeover/runtime-directory.js";
import { awaitSuccessors, type Successors } from "../takeover/successors.js";
import { inheritedSockets } from "./inherited-sockets.js";

/** The names of sockets between processes. */
const NAMES = { ssh: "ssh", metrics: "metrics" } as const;

/** The options that say where a server listens. */
interface ListenFlags {
  readonly listen: string;
  readonly port: number;
  readonly metrics?: string | undefined;
  readonly takeover?: boolean;
  readonly runtimeDirectory?: string;
}

interface SocketsConfig {
  /** The server whose sockets are taken over, if one runs. */
  readonly predecessor: Predecessor | undefined;
  /** Reads nothing from connections, which another process gets. Default: false. */
  readonly pauseOnConnect?: boolean;
}

/** The sockets of a server. */
export interface ServerSockets {
  /** Delivers the connections. */
  readonly source: SocketSource;
  /** The socket for metrics, where one was inherited or taken over. */
  readonly metrics: ListenTarget | undefined;
  /**
   * The server listens: a process that it takes over drains now, and with `--takeover` a later one may take it over.
   * @param metrics the descriptor of the socket for metrics
   */
  listening(log: Logger, metrics: number | undefined): Promise<Successors | undefined>;
}

/**
 * Where the connections of a server come from: sockets that it has inherited, those of a running server that it takes over, or one that
 * it binds.
 * @throws UsageError for descriptors of the wrong kind
 */
export async function serverSockets(
  flags: ListenFlags,
  io: CliIo,
  { predecessor, ...options }: SocketsConfig,
): Promise<ServerSockets> {
  const inherited = inheritedSockets(io);
  if (inherited !== undefined) {
    if (flags.takeover)
      throw new UsageError(
        "--takeover cannot be used with LISTEN_FDS: who passes the sockets keeps them open over a restart",
      );
    const source = new TcpSockets(
      inherited.ssh.map((fd) => ({ fd })),
      options,
    );
    const metrics = inherited.metrics === undefined ? undefined : { fd: inherited.metrics };
    return { source, metrics, listening: async () => undefined };
  }
  const { listen: host, port } = flags;
  if (!flags.takeover) {
    return { source: new TcpSockets([{ host, port }], options), metrics: undefined, listening: async () => undefined };
  }
  const path = controlPath(flags, io);
  const passed = await predecessor?.sockets();
  const source = new TcpSockets(passed?.get(NAMES.ssh) ?? [{ host, port }], options);
  return {
    source,
    metrics: flags.metrics === undefined ? undefined : passed?.get(NAMES.metrics)?.[0],
    listening: async (log, metrics) => {
      await predecessor?.ready();
      return awaitSuccessors(
        {
          ...{ path, log },
          descriptors: () => [
            ...source.descriptors.map((fd) => [NAMES.ssh, fd] as const),
            ...(metrics === undefined ? [] : [[NAMES.metrics, metrics] as const]),
          ],
        },
        io,
      );
    },
  };
}
