import { checkOptions, type OptionTable } from "../base/check-options.js";
import { type Logger, safeLogger } from "../base/log.js";
import { memoryTransport } from "../base/memory-transport.js";
import { combineObservers } from "../base/observer/combine-observers.js";
import type { Peer } from "../base/peer.js";
import type { Transport } from "../base/transport.js";
import { checkedOptions } from "../contract/option-errors.js";
import { channelObserver } from "../observe/channels/channel-observer.js";
import type { ApiHandlers } from "../server/api-handlers.js";
import type { ApiServerOptions } from "../server/api-server-options.js";
import type { ConnectedClient } from "../server/call/context.js";
import { checkGrace } from "../server/check-grace.js";
import type { CloseOptions } from "../server/shutdown.js";
import { newServer } from "./open-server.js";
import { API_SERVER_OPTIONS, CLOSE_OPTIONS, PEER_FIELDS } from "./option-tables.js";

/** Options of {@link inMemory}. */
export interface InMemoryOptions extends ApiServerOptions {
  /** The peer of all calls. Default: the user `test` with every scope. */
  readonly peer?: Partial<Peer>;
  /** Logger of the server; false for none. Default: none. */
  readonly log?: Logger | false;
}

const IN_MEMORY_OPTIONS = {
  ...API_SERVER_OPTIONS,
  peer: PEER_FIELDS,
  log: true,
} satisfies OptionTable<InMemoryOptions>;

/**
 * A server in this process, and the transport to it: pass it to the generated `connect`. Closing it is optional: it holds no
 * port, file or timer.
 */
export interface InMemoryServer<Callbacks = undefined> extends Transport, AsyncDisposable {
  /** The peers that are connected, each with a client of the callbacks that it serves. */
  readonly clients: readonly ConnectedClient<Callbacks>[];
  /** Number of running calls, including answered ones whose handlers have not finished and are not stuck. */
  readonly calls: number;
  /** A transport to this server for another peer; absent fields have the values of the `peer` option. */
  as(peer: Partial<Peer>): Transport;
  /** Closes all connections, as a server over SSH does: with a grace, running calls may finish first. */
  close(options?: CloseOptions): Promise<void>;
}

/**
 * Serves handlers in this process, with the same frames, checks and statuses as over SSH, but without ports and keys.
 *
 * @throws RpcError BAD_REQUEST for an invalid option
 * @example
 * await using client = await connect(inMemory(defineHandlers(handlers)));
 */
export function inMemory<Callbacks = undefined>(
  handlers: ApiHandlers<Callbacks>,
  options: InMemoryOptions = {},
): InMemoryServer<Callbacks> {
  const { server, observer } = checkedOptions(() => {
    checkOptions(options, IN_MEMORY_OPTIONS);
    const log = safeLogger(options.log ?? false);
    const combined = combineObservers([channelObserver(), ...[options.observer ?? []].flat()], log);
    return { server: newServer(handlers, { ...options, observer: combined, log }), observer: combined };
  });
  const as = (other: Partial<Peer>): Transport => {
    checkedOptions(() => checkOptions({ peer: other }, { peer: PEER_FIELDS }));
    const fields = { user: "test", scopes: ["*"], ...options.peer, ...other };
    return memoryTransport((duplex) => {
      const start = performance.now();
      // Each connection has a peer of its own, as over SSH.
      const peer = { ...fields };
      const { address, connectionId } = peer;
      const connection = { connectionId, address, peer };
      observer.connectionOpened?.(connection);
      duplex.once("close", () => {
        observer.connectionClosed?.({ ...connection, milliseconds: performance.now() - start });
      });
      server.accept(duplex, peer);
    });
  };
  const close = async (closeOptions: CloseOptions = {}): Promise<void> => {
    checkedOptions(() => {
      checkOptions(closeOptions, CLOSE_OPTIONS);
      checkGrace(closeOptions.grace ?? 0);
      checkGrace(closeOptions.delay ?? 0, "delay");
    });
    await server.announceClose(closeOptions);
    await server.close(closeOptions);
  };
  return {
    ...as({}),
    as,
    get clients() {
      return server.clients as readonly ConnectedClient<Callbacks>[];
    },
    get calls() {
      return server.calls;
    },
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}
