import type { Duplex } from "node:stream";
import type { Peer } from "./peer.js";

/** The terminal of a session (RFC 4254, section 6.2). */
export interface SessionTerminal {
  /** Such as `xterm-256color`. */
  readonly type: string;
  /** In characters; it follows the window, each time `onResize` is called. */
  readonly columns: number;
  readonly rows: number;
}

/**
 * One session of a proven peer who runs a command or a shell, however it came: over our own SSH server, or over the
 * standard streams of a process that another sshd started. Whoever takes it ends it with {@link Session.exit}.
 */
export interface Session {
  readonly peer: Peer;
  /**
   * Standard input and output. Its readable side ends where the peer's input does; its writable side takes no more than
   * the peer reads. It is destroyed when the peer is gone, and that is when `signal` aborts. A `for await` over it would
   * end both sides with the input.
   */
  readonly stream: Duplex;
  /** What its key says, and what the peer sent, as far as it is let in: names that begin with `RPC_`. */
  readonly environment: ReadonlyMap<string, string>;
  /** Absent where the peer asked for none. */
  readonly terminal?: SessionTerminal;
  /** Aborts when the peer is gone. */
  readonly signal: AbortSignal;
  /** Called when the window of the terminal has changed. */
  onResize?: () => void;
  /** Called with the name of a signal that the peer sends, without SIG, such as `INT` (RFC 4254, section 6.9). */
  onSignal?: (name: string) => void;
  /** Writes to standard error, after what standard output holds by then. Resolves when it was taken. */
  writeError(text: string): Promise<void>;
  /** Ends the session with an exit status, after all that was written. Resolves when that has left. */
  exit(status: number): Promise<void>;
}
