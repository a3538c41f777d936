import type { Logger } from "../log.js";
import type { ApiServer } from "../server/api-server.js";
import type { WaysIn } from "../ssh/ways-in.js";
import { type KorvOptions, korvLimits } from "./korv/korv-options.js";
import { serveKorv } from "./korv/serve-korv.js";

/** Which ways in a server has beside its own subsystem. */
export interface WaysInOptions extends KorvOptions {
  readonly log: Logger;
}

/**
 * What a server does with the channels of its peers: each way in ends in the same `server`.
 * @throws Error that names an option that is impossible
 */
export function waysIn(server: ApiServer, { korv, log }: WaysInOptions): WaysIn {
  const limits = korvLimits(korv);
  return {
    native: (duplex, peer) => server.accept(duplex, peer),
    // Wherever it leads: korv's client asks for a connection to the server itself, by whatever name it knows that.
    ...(limits && { directTcpip: (_to, peer) => (channel) => serveKorv(channel, { server, peer, limits, log }) }),
  };
}
