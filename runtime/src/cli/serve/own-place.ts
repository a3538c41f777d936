import { serverSockets } from "../listen/server-sockets.js";
import type { CliIo } from "../shared/io.js";
import type { Predecessor } from "../takeover/predecessor.js";
import { openMetrics } from "./metrics-port.js";
import type { Place } from "./serve-at.js";
import type { ServeFlags } from "./serve-flags.js";
import { serviceManager } from "./service-manager.js";
import { watchParent } from "./watch-parent.js";

/** The surroundings of a server that is the only process. */
export async function ownPlace(flags: ServeFlags, predecessor: Predecessor | undefined, io: CliIo): Promise<Place> {
  const sockets = await serverSockets(flags, io, { predecessor });
  return {
    sockets: sockets.source,
    limit: (options) => options,
    openMetrics: (log) => openMetrics(flags.metrics, log, sockets.metrics),
    introduce: (text) => void io.stdout.write(text),
    listening: async (log, metrics) => {
      const successors = await sockets.listening(log, metrics.descriptor);
      const parent = watchParent(io);
      const manager = serviceManager(io, log);
      manager.ready(`pid ${io.pid}`);
      // Nothing more is accepted here from the moment on at which another process accepts.
      void successors?.taken.then(() => sockets.source.close());
      return {
        ended: Promise.race([parent.ended, ...(successors === undefined ? [] : [successors.taken])]),
        draining: () => manager.stopping(),
        close: async () => {
          manager.close();
          parent.stop();
          await successors?.close();
        },
      };
    },
  };
}
