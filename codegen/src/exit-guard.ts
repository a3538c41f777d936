import { writeSync } from "node:fs";

/** The function that `process.exit` calls last; the types of Node omit it. */
type Exiting = { reallyExit: (code?: number) => never };

/** The schemas of the guarded runs, the latest last. */
const guarded: string[] = [];

/** Removes the guard, which all runs share. */
let unguard: () => void = () => {};

/**
 * Runs `run`, and turns a `process.exit` before its end into a failure: a timer of the schema may call `process.exit(0)`,
 * which would look like success.
 *
 * @param schema the path of the schema in messages.
 */
export async function guardExit<T>(schema: string, run: () => Promise<T>): Promise<T> {
  if (guarded.length === 0) unguard = guard();
  guarded.push(schema);
  try {
    return await run();
  } finally {
    guarded.splice(guarded.indexOf(schema), 1);
    if (guarded.length === 0) unguard();
  }
}

function guard(): () => void {
  const target = process as unknown as Exiting;
  const original = target.reallyExit;
  const refuse = (code?: number): never => {
    writeSync(
      process.stderr.fd,
      `${guarded.at(-1)}:1:1: process.exit(${code ?? ""}) was called before the run was complete; remove the call from the schema and its imports\n`,
    );
    return original.call(process, code || 1);
  };
  target.reallyExit = refuse;
  return () => {
    if (target.reallyExit === refuse) target.reallyExit = original;
  };
}
