import type { Logger } from "../log.js";
import type { ApiServer } from "../server/api-server.js";
import type { WaysIn } from "../ssh/ways-in.js";
import { exec } from "./exec/exec.js";
import { korvLimits } from "./korv/korv-options.js";
import { serveKorv } from "./korv/serve-korv.js";
import type { WaysInOptions } from "./ways-in-options.js";

/**
 * What a server does with the channels of its peers: each way in ends in the same `server`.
 * @throws Error that names an option that is impossible
 */
export function waysIn(server: ApiServer, options: WaysInOptions & { readonly log: Logger }): WaysIn {
  const { log } = options;
  const limits = korvLimits(options.korv);
  return {
    native: (duplex, peer) => server.accept(duplex, peer),
    ...(options.exec !== false && { exec: (session, command) => void exec(session, command, { server, log }) }),
    // Wherever it leads: korv's client asks for a connection to the server itself, by whatever name it knows that.
    ...(limits && { directTcpip: (_to, peer) => (channel) => serveKorv(channel, { server, peer, limits, log }) }),
  };
}
