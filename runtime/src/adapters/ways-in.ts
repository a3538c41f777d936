import type { ApiServer } from "../server/api-server.js";
import type { WaysIn } from "../ssh/ways-in.js";

/** What a server does with the channels of its peers: each way in ends in the same `server`. */
export function waysIn(server: ApiServer): WaysIn {
  return { native: (duplex, peer) => server.accept(duplex, peer) };
}
