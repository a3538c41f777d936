import { type Logger, SILENT } from "../base/log.js";
import { memoryTransport } from "../base/memory-transport.js";
import type { Peer } from "../base/peer.js";
import type { Transport } from "../base/transport.js";
import type { ApiHandlers } from "../server/api-handlers.js";
import type { ApiServerOptions } from "../server/api-server-options.js";
import { newServer } from "./open-server.js";

/** How a server in memory answers. */
export interface InMemoryOptions extends ApiServerOptions {
  /** Who is calling. Default: the user `test`, who holds every scope. */
  readonly peer?: Partial<Peer>;
  /** Where the server logs. Default: nowhere. */
  readonly log?: Logger;
}

/**
 * A transport to a server that runs in this process: the same frames, checks and statuses as over SSH, with no port and
 * no keys. Pass it to the generated `connect`.
 *
 * @example
 * await using client = await connect(inMemory(defineHandlers(handlers)));
 */
export function inMemory(handlers: ApiHandlers<unknown>, options: InMemoryOptions = {}): Transport {
  const { peer, log = SILENT, ...rest } = options;
  const server = newServer(handlers, { ...rest, log });
  return memoryTransport((duplex) => server.accept(duplex, { user: "test", scopes: ["*"], ...peer }));
}
