import type { ExecAdapterOptions } from "./exec/exec-options.js";
import type { KorvOptions } from "./korv/korv-options.js";
import type { ShellOptions } from "./shell/shell-options.js";

/** The adapters of a server, beside the native wire. */
export interface AdapterOptions extends KorvOptions {
  /** Serves commands: `ssh -p 8022 alice@edge GET /notes/42`. Each one is a call. Default: true. */
  readonly exec?: boolean | ExecAdapterOptions;
  /** Serves an interactive shell that calls methods, `ssh -t -p 8022 alice@edge`, or one command. Default: true. */
  readonly shell?: boolean | ShellOptions;
}
