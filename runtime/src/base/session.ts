import type { Duplex } from "node:stream";
import type { Peer } from "./peer.js";

/** The terminal of a session (RFC 4254, section 6.2). */
export interface SessionTerminal {
  /** Such as `xterm-256color`. */
  readonly type: string;
  /** In characters; updated before each `resize` listener runs. */
  readonly columns: number;
  readonly rows: number;
}

/**
 * A session of an authenticated peer that runs a command or a shell: on the built-in SSH server, or on the standard streams
 * of a process that another sshd started. The owner ends it with {@link Session.exit}.
 */
export interface Session {
  readonly peer: Peer;
  /**
   * Standard input and output. The readable side ends with the peer's input; the writable side applies the peer's
   * backpressure. It is destroyed when the peer disconnects. A `for await` over it would end both sides with the input.
   */
  readonly stream: Duplex;
  /** The variables of the peer's key, and those that the peer sent and the server accepts: names that begin with `RPC_`. */
  readonly environment: ReadonlyMap<string, string>;
  /** Absent if the peer did not request one. */
  readonly terminal?: SessionTerminal;
  /** Aborts when the peer disconnects. */
  readonly signal: AbortSignal;
  /** Calls `listener` when the window of the terminal changes. It replaces the previous listener. */
  onResize(listener: () => void): void;
  /**
   * Calls `listener` with the name of each signal that the peer sends, without SIG, such as `INT` (RFC 4254, section 6.9).
   * It replaces the previous listener.
   */
  onSignal(listener: (name: string) => void): void;
  /** Writes to standard error, after everything written to standard output before. Resolves when it was written. */
  writeError(text: string): Promise<void>;
  /** Ends the session with an exit status, after everything written before. Resolves when the status was sent. */
  exit(status: number): Promise<void>;
}
