import type { RpcError } from "../../contract/rpc-error.js";

/**
 * How a client stands to its servers:
 *
 * - `connecting`: there is no connection yet, or it was lost; one is on its way, and calls wait for it.
 * - `ready`: calls are sent at once.
 * - `draining`: the server takes no new calls; those that it has still run, and new ones wait for the next connection.
 * - `closed`: there is no connection, and none is on its way: the client was closed, or it makes no sense to try again
 *   (a key was refused, or `reconnect` is false). In the second case a later call tries again, where it may.
 */
export type ConnectionState = "connecting" | "ready" | "draining" | "closed";

/** Is told each new state, and why there is no connection where that is the news. */
export type StateListener = (state: ConnectionState, reason: RpcError | undefined) => void;
