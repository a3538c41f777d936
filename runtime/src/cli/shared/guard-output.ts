import { reportFailure } from "./failure.js";

/**
 * Ignores EPIPE of standard output, so that a command continues when its reader exits, as in `sshrpc keys list | head -1`.
 * Another write error, such as a full disk, is reported in one line with exit status 1, unless the command has its own
 * "error" listener.
 */
export function guardOutput(): void {
  const { stdout, stderr } = process;
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE" || stdout.listenerCount("error") > 1) return;
    process.exitCode = reportFailure(new Error(`cannot write to standard output: ${error.message}`));
  });
  // There is no other stream for the report.
  stderr.on("error", () => undefined);
}
