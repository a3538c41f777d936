import type { AdapterOptions } from "../adapters/adapter-options.js";
import type { KorvLimits } from "../adapters/korv/korv-options.js";

/** The flags of `sshrpc serve`. */
export interface ServeFlags {
  readonly handlers: string;
  readonly audit?: string;
  readonly metrics?: string;
  readonly grace?: number;
  readonly stdio?: boolean;
  readonly scopes?: readonly string[];
  readonly forced?: boolean;
  readonly log?: string;
  readonly hostKey?: readonly string[];
  readonly authorizedKeys?: string;
  readonly revokedKeys?: string;
  readonly listen: string;
  readonly port: number;
  readonly proxyProtocol?: readonly string[];
  readonly korv?: true | Partial<KorvLimits>;
  readonly exec: boolean;
  readonly shell: boolean | string;
  readonly home: string;
}

/** The adapter options for `--no-exec`, `--shell` and `--no-shell`, which both modes of `serve` accept. */
export function adapterFlags({ exec, shell }: ServeFlags): Pick<AdapterOptions, "exec" | "shell"> {
  return { exec, shell: typeof shell === "string" ? { run: shell } : shell };
}
