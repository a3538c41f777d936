import type { AdapterOptions } from "../adapters/adapter-options.js";
import type { ServeFlags } from "./serve-flags.js";

/** What the flags `--no-exec`, `--shell` and `--no-shell` say, on a port as under sshd. */
export function adapterFlags({ exec, shell }: ServeFlags): Pick<AdapterOptions, "exec" | "shell"> {
  return { exec, shell: typeof shell === "string" ? { run: shell } : shell };
}
