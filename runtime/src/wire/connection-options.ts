import type { ConnectionAccount } from "../base/accounts/connection-account.js";
import type { Turn } from "../base/accounts/turns.js";
import type { Codec } from "../codec/codec.js";
import type { RpcError } from "../contract/rpc-error.js";
import type { CallReceiver } from "./call-frames.js";
import type { CallObserver } from "./call-observer.js";
import type { Hello } from "./hello.js";
import type { Limits } from "./limits.js";

/** How a connection is set up. */
export interface ConnectionOptions {
  /** Which side this is: ids and backpressure depend on it. */
  readonly role: "dialer" | "acceptor";
  /** This side's HELLO; its limits are added. */
  readonly hello: Omit<Hello, "limits">;
  readonly limits: Limits;
  /** Bytes of the HELLO of the peer. Default: 4 MiB. */
  readonly maxHello?: number;
  /** Default: JSON. */
  readonly codec?: Codec;
  /** Handles the peer's calls. Absent if this side serves no methods. */
  readonly receive?: CallReceiver;
  /** Counts what the peer's calls hold. Default: an account of the connection alone, within `limits`. */
  readonly account?: ConnectionAccount;
  /** The turns in which frames of the peer are handled. Absent: all at once. */
  readonly turn?: Turn | undefined;
  /** Receives each call of the peer, including rejected ones. */
  readonly observer?: CallObserver | undefined;
  /** Called when the peer accepts no new calls, before waiting calls are given back to their callers. */
  readonly onDrain?: () => void;
  /** Called when the connection has ended, before its calls end. */
  readonly onEnd?: (reason: RpcError) => void;
  /** The name of the peer in messages, such as "the server". */
  readonly peerName: string;
}
