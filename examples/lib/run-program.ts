import { printable } from "./printable.js";

/** The command line is invalid. */
export class UsageError extends Error {}

/**
 * Runs a program. Exit status: 0 for success, 2 with the usage for invalid arguments, 1 with one line for a failure, 130 after
 * Ctrl-C.
 * @param count the number of arguments; undefined if the program checks it
 * @param main receives the arguments, and a signal that aborts on SIGINT and SIGTERM
 */
export async function runProgram(
  usage: string,
  count: number | undefined,
  main: (args: readonly string[], signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    const args = process.argv.slice(2);
    if (count !== undefined && args.length !== count)
      throw new UsageError(`expected ${count} argument${count === 1 ? "" : "s"}`);
    await main(args, stop.signal);
  } catch (error) {
    if (stop.signal.aborted) process.exitCode = 130;
    else {
      const isUsage = error instanceof UsageError;
      const text = isUsage || (error instanceof Error && error.name === "Error") ? error.message : String(error);
      process.stderr.write(`${printable(text)}\n`);
      if (isUsage) process.stderr.write(`usage: ${usage}\n`);
      process.exitCode = isUsage ? 2 : 1;
    }
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}
