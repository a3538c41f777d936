import type { WaysInOptions } from "../adapters/adapter-options.js";
import type { ServeFlags } from "./serve-flags.js";

/** What the flags `--no-exec`, `--shell` and `--no-shell` say, on a port as under sshd. */
export function waysInFlags({ exec, shell }: ServeFlags): Pick<WaysInOptions, "exec" | "shell"> {
  return { exec, shell: typeof shell === "string" ? { run: shell } : shell };
}
