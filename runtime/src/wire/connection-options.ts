import type { RpcError } from "../contract/rpc-error.js";
import type { CallBudget } from "./call-budget.js";
import type { CallReceiver } from "./call-frames.js";
import type { CallRecord } from "./call-record.js";
import type { Hello } from "./hello.js";
import type { Limits } from "./limits.js";

/** How a connection is set up. */
export interface ConnectionOptions {
  /** Which side this is: ids and flow control depend on it. */
  readonly role: "dialer" | "acceptor";
  /** What this side says of itself; its limits are added. */
  readonly hello: Omit<Hello, "limits">;
  readonly limits: Limits;
  /** Absent where this side serves nothing. */
  readonly receive?: CallReceiver;
  /** Bounds the calls of several connections together. */
  readonly budget?: CallBudget;
  /** Told how each call of the other side went, also of those that are refused. */
  readonly onCall?: (record: CallRecord) => void;
  /** Told when the other side takes no new calls: before the calls that wait are given back. */
  readonly onDrain?: () => void;
  /** Told when the connection has ended: before its calls are. */
  readonly onEnd?: (reason: RpcError) => void;
  /** Whom to name in messages: "the server", "the client". */
  readonly other: string;
}
