/** A frame of a program: those of the engine, which runs the reaction, are left out. */
const CALLER_FRAME = /^ {4}at (?!.*\(?node:internal\/)/;

/**
 * Rejects with `error`, after adding the frames of the code that awaits it. Only as what a caller's promise is resolved with:
 * `resolve(rejectToCaller(error))`. An error that arrives from a connection is created in a listener of its socket, whose stack
 * has no line of the caller. In an async function the engine knows who awaits; nothing is recorded for calls that succeed.
 */
export async function rejectToCaller(error: unknown): Promise<never> {
  // A promise awaits what it is resolved with one microtask later: the second continuation finds it.
  await undefined;
  await undefined;
  if (error instanceof Error) addCallerFrames(error);
  throw error;
}

function addCallerFrames(error: Error): void {
  const here: { stack?: unknown } = {};
  Error.captureStackTrace(here, rejectToCaller);
  const { stack } = error;
  // Where a program has its own `Error.prepareStackTrace`, a stack may be anything.
  if (typeof here.stack !== "string" || typeof stack !== "string") return;
  const frames = here.stack.split("\n").filter((line) => CALLER_FRAME.test(line));
  const [nearest] = frames;
  // An error of the caller's own code, such as an invalid request, has these frames already.
  if (nearest === undefined || stack.includes(placeOf(nearest))) return;
  error.stack = [stack, ...frames].join("\n");
}

/** The file and line of a frame, such as `file:///app/main.ts:12`. */
function placeOf(frame: string): string {
  return /(\S+:\d+):\d+\)?$/.exec(frame)?.[1]?.replace(/^\(/, "") ?? frame;
}
