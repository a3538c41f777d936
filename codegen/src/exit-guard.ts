import { writeSync } from "node:fs";

/** The function that `process.exit` calls last; the types of Node omit it. */
type Exiting = { reallyExit: (code?: number) => never };

/**
 * Runs `run`, and turns a `process.exit` before its end into a failure: a timer of the schema may call `process.exit(0)`,
 * which would look like success.
 *
 * @param schema the path of the schema in messages.
 */
export async function guardExit<T>(schema: string, run: () => Promise<T>): Promise<T> {
  const target = process as unknown as Exiting;
  const original = target.reallyExit;
  const guarded = (code?: number): never => {
    writeSync(
      process.stderr.fd,
      `${schema}:1:1: process.exit(${code ?? ""}) was called before the run was complete; remove the call from the schema and its imports\n`,
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
