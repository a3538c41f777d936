/** Options of the exec adapter. */
export interface ExecAdapterOptions {
  /** Timeout in ms for a request that is read from standard input. Default: 60,000. */
  readonly inputTimeout?: number;
}
