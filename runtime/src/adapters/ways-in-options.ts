import type { KorvOptions } from "./korv/korv-options.js";

/** Which ways in a server has beside its own clients' one. */
export interface WaysInOptions extends KorvOptions {
  /** Whether commands are run: `ssh -p 8022 alice@edge GET /notes/42`. Each is a call like any other. Default: true. */
  readonly exec?: boolean;
}
