import { writeSync } from "node:fs";

/** What `process.exit` ends in; the types of Node leave it out. */
type Exiting = { reallyExit: (code?: number) => never };

/**
 * Runs `run`, and makes it a failure when the process ends before: what a schema left behind, such as a timer, may call
 * `process.exit(0)`, and that would look like success.
 *
 * @param schema the schema, as messages print it.
 */
export async function guardExit<T>(schema: string, run: () => Promise<T>): Promise<T> {
  const target = process as unknown as Exiting;
  const original = target.reallyExit;
  const guarded = (code?: number): never => {
    writeSync(
      process.stderr.fd,
      `${schema}:1:1: the process ends by process.exit(${code ?? ""}) before the run is over; a schema, and what it imports, must not call it\n`,
    );
    return original.call(process, code || 1);
  };
  target.reallyExit = guarded;
  try {
    return await run();
  } finally {
    if (target.reallyExit === guarded) target.reallyExit = original;
  }
}
