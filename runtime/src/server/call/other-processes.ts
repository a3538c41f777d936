import type { ConnectionAccount } from "../../base/accounts/connection-account.js";
import type { Peer } from "../../base/peer.js";
import type { ConnectedClient } from "./context.js";

/** A client of this process, with the callbacks that it serves: their calls are charged to the account. */
export interface OwnClient {
  readonly peer: Peer;
  readonly callbacks: (account: ConnectionAccount | undefined) => unknown;
}

/** The other processes of a server that runs in several, as one of them sees them. */
export interface OtherProcesses {
  /** Their clients. Calls of callbacks are charged to `account`. */
  clients(account: ConnectionAccount | undefined): readonly ConnectedClient<unknown>[];
  /** Tells the others of a client of this process, once it is ready. @returns the function for its end */
  announce(ready: Promise<unknown>, client: OwnClient): () => void;
  /** Asks each for the answer of a built-in method; those that do not answer in time are left out. */
  ask(method: string, request: unknown, by: Peer): Promise<readonly unknown[]>;
}
