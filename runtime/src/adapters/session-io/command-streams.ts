/** What a command reads and writes. */
export interface CommandStreams {
  readonly input: AsyncIterableIterator<Buffer>;
  /** Aborts when the peer stops the command, or is gone. */
  readonly signal: AbortSignal;
  /** Writes to standard output. Resolves when it takes more; undefined where it does already. */
  write(chunk: string | Uint8Array): Promise<void> | undefined;
  /** Writes to standard error, after what standard output holds by then. */
  writeError(text: string): Promise<void>;
  /** Tells the person at a terminal what is waited for; absent where a program may be there. */
  readonly ask?: (text: string) => void;
}
