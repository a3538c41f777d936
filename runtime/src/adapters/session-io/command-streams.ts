/** The input and output of one command. */
export interface CommandStreams {
  /** Absent where standard input carries the commands themselves. */
  readonly input?: AsyncIterableIterator<Buffer>;
  /** Aborts when the peer stops the command, or disconnects. */
  readonly signal: AbortSignal;
  /** Aborts when the peer disconnects. */
  readonly lost: AbortSignal;
  /** Writes to standard output. Resolves when it accepts more; undefined where it does at once. */
  write(chunk: string | Uint8Array): Promise<void> | undefined;
  /** Writes to standard error, after everything written to standard output before. */
  writeError(text: string): Promise<void>;
  /** Tells the user of a terminal which input is expected; absent without a terminal. */
  readonly ask?: ((text: string) => void) | undefined;
}
