import type { RpcError } from "../../contract/rpc-error.js";

/**
 * Connectivity of a client:
 *
 * - `connecting`: a connection is being established, for the first time or after a loss; calls wait for it.
 * - `ready`: calls are sent at once.
 * - `draining`: the server shuts down gracefully. Running calls continue; new calls wait for the next connection.
 * - `closed`: not connected, and no attempt is running: the client was closed, or the failure is permanent
 *   (the key was rejected, or `reconnect` is false). After a permanent failure, a later call may connect again.
 */
export type ConnectionState = "connecting" | "ready" | "draining" | "closed";

/** Receives each new state, and for every state but `ready` the error of the last connection or attempt. */
export type StateListener = (state: ConnectionState, reason: RpcError | undefined) => void;
