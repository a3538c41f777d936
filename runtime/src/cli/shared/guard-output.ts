import { reportFailure } from "./failure.js";

/**
 * Lets a command go on whose output nobody reads any more, as that of `sshrpc keys list | head -1`: a server still serves.
 * Where standard output takes nothing for another reason, such as a full disk, one line says so, and the exit status is 1;
 * commands that have an eye on it themselves say it in their own way.
 */
export function guardOutput(): void {
  const { stdout, stderr } = process;
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE" || stdout.listenerCount("error") > 1) return;
    process.exitCode = reportFailure(new Error(`standard output cannot be written: ${error.message}`));
  });
  // There is nowhere else to say it.
  stderr.on("error", () => undefined);
}
