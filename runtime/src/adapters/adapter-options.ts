import type { KorvOptions } from "./korv/korv-options.js";

/** What a peer gets who logs in without a command. */
export interface ShellOptions {
  /** A command to run at once, such as `GET /weblog`, in place of a shell. */
  readonly run?: string;
}

/** How commands are run. */
export interface ExecAdapterOptions {
  /** Milliseconds in which a request must have come that is read from standard input. Default: 60,000. */
  readonly inputTimeout?: number;
}

/** Which ways in a server has beside its own clients' one. */
export interface AdapterOptions extends KorvOptions {
  /** Whether commands are run: `ssh -p 8022 alice@edge GET /notes/42`. Each is a call like any other. Default: true. */
  readonly exec?: boolean | ExecAdapterOptions;
  /** Whether peers get a shell that calls methods, `ssh -t -p 8022 alice@edge`, or one command. Default: true. */
  readonly shell?: boolean | ShellOptions;
}
