import { checkOptions, type OptionTable } from "../base/check-options.js";
import { type Logger, SILENT } from "../base/log.js";
import { memoryTransport } from "../base/memory-transport.js";
import { combineObservers } from "../base/observer.js";
import type { Peer } from "../base/peer.js";
import type { Transport } from "../base/transport.js";
import { checkedOptions } from "../contract/option-errors.js";
import type { ApiHandlers } from "../server/api-handlers.js";
import type { ApiServerOptions } from "../server/api-server-options.js";
import { newServer } from "./open-server.js";
import { API_SERVER_OPTIONS, PEER_FIELDS } from "./option-tables.js";

/** Options of {@link inMemory}. */
export interface InMemoryOptions extends ApiServerOptions {
  /** The peer of all calls. Default: the user `test` with every scope. */
  readonly peer?: Partial<Peer>;
  /** Logger of the server. Default: none. */
  readonly log?: Logger;
}

const IN_MEMORY_OPTIONS = {
  ...API_SERVER_OPTIONS,
  peer: PEER_FIELDS,
  log: true,
} satisfies OptionTable<InMemoryOptions>;

/**
 * A transport to a server in this process, with the same frames, checks and statuses as over SSH, but without ports and keys.
 * Pass it to the generated `connect`.
 *
 * @throws RpcError BAD_REQUEST for an invalid option
 * @example
 * await using client = await connect(inMemory(defineHandlers(handlers)));
 */
export function inMemory(handlers: ApiHandlers<unknown>, options: InMemoryOptions = {}): Transport {
  const { log = SILENT } = options;
  const observer = combineObservers(options.observer, log);
  const server = checkedOptions(() => {
    checkOptions(options, IN_MEMORY_OPTIONS);
    return newServer(handlers, { ...options, observer, log });
  });
  const peer = { user: "test", scopes: ["*"], ...options.peer };
  const { address, connectionId } = peer;
  return memoryTransport((duplex) => {
    const start = performance.now();
    const connection = { connectionId, address, peer };
    observer.connectionOpened?.(connection);
    duplex.once("close", () => {
      observer.connectionClosed?.({ ...connection, milliseconds: performance.now() - start });
    });
    server.accept(duplex, peer);
  });
}
