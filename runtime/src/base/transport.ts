import type { Duplex } from "node:stream";
import type { SshClient } from "./ssh-client.js";

/**
 * Gives a byte duplex to a peer: over ssh2, over the `ssh` program, over stdio, in memory. The multiplexer runs on
 * whatever it gives, and knows nothing of how it came to be.
 */
export interface Transport {
  /** Where it leads, for messages, such as `ssh://alice@edge:8022`. */
  readonly address: string;
  /**
   * Opens a new duplex; whoever asked for it destroys it. Its 'close' event is certain to come, also when the peer
   * is killed, and once it has called back for a write it does not look at that memory again. A rejection is an RpcError:
   * `UNAUTHENTICATED` where one side did not accept the other's proof, `UNAVAILABLE` for every other reason, `CANCELLED`
   * where `signal` aborted.
   */
  open(signal?: AbortSignal): Promise<Duplex>;
  /** Gives plain SSH to the same host, where the transport is SSH; whoever asks closes it. It has connected to nothing yet. */
  ssh?(): SshClient;
}
