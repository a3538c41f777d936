/** Bytes of lines that may wait for a slow or full disk; further lines are lost, so that the server continues. */
export const MAX_BUFFERED = 16 * 1024 * 1024;

/** Interval in ms of the checks whether the file was moved. */
export const CHECK_INTERVAL = 5000;

/** How a `LineFile` is opened. */
export interface LineFileOptions {
  readonly file: string;
  /** The mode of a file that it creates, and that it restricts an existing one to. Default: what the umask leaves of 0666. */
  readonly mode?: number;
  /** Bytes after which it is rotated. Default: never. */
  readonly maxSize?: number | undefined;
  /** Renamed files that a rotation keeps. Default: 5. */
  readonly files?: number | undefined;
  /** See {@link MAX_BUFFERED}. */
  readonly maxBuffered?: number;
}

/** What the owner of a `LineFile` does about its failures. */
export interface LineFileEvents {
  /** The first failed write, or lost line, of a series; or a file that cannot be rotated or opened again. */
  onProblem(message: string, error?: Error): void;
  /** A line is lost. */
  onLost?(): void;
  /** Lines can be written again. @param lost the number of lines that were lost meanwhile */
  onRecovered(lost: number): void;
}
