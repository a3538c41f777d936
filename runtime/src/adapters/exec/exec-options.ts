/** See {@link ExecAdapterOptions.inputTimeout}. */
export const INPUT_TIMEOUT = 60_000;

/** Options of the exec adapter. */
export interface ExecAdapterOptions {
  /** Timeout in ms for a request that is read from standard input. Default: 60,000. */
  readonly inputTimeout?: number;
}
