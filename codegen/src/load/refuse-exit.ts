/** The functions of `process` that end it. */
const ENDINGS = ["exit", "reallyExit", "abort", "kill"] as const;

type Ending = (typeof ENDINGS)[number];
type Endings = Record<Ending, (...args: unknown[]) => unknown>;

/** A module called something that would have ended the process. */
class ExitRefused extends Error {
  constructor(call: string) {
    super(`the schema ends the process by ${call}; remove this call: a schema declares, and does nothing else`);
  }
}

/**
 * Runs `load`, and makes it fail where a module ends the process meanwhile: a run would end without a word, and
 * `process.exit(0)` even as if it had succeeded. Calls of others, such as a handler of SIGINT, go through.
 *
 * @param isOurs whether an error was created while code of a module ran.
 */
export async function refuseExit<T>(load: () => Promise<T>, isOurs: (error: Error) => boolean): Promise<T> {
  const target = process as unknown as Endings;
  const original = Object.fromEntries(ENDINGS.map((name) => [name, target[name]])) as Endings;
  let refused: ExitRefused | undefined;
  let fail: (error: Error) => void = () => {};
  const ended = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const take = (error: unknown): void => {
    if (error !== refused) throw error;
  };
  for (const name of ENDINGS) {
    target[name] = (...args) => {
      const error = withWholeStack(() => new ExitRefused(`process.${name}(${args.map(String).join(", ")})`));
      // A signal for another process, or one that only asks whether a process is there, ends nothing.
      const endsUs = name !== "kill" || (args[0] === process.pid && args[1] !== 0);
      if (!endsUs || !isOurs(error)) return original[name].apply(process, args);
      if (refused === undefined) {
        refused = error;
        // Thrown by a timer of the module, nothing else would catch it.
        process.on("uncaughtException", take);
        fail(error);
      }
      throw refused;
    };
  }
  try {
    const loaded = await Promise.race([load(), ended]);
    // The module may have caught it.
    if (refused !== undefined) throw refused;
    return loaded;
  } finally {
    Object.assign(target, original);
    // A rejection that nothing handles is reported only after this.
    setImmediate(() => process.off("uncaughtException", take));
  }
}

/** The module may be far down in the stack, behind the functions of packages. */
function withWholeStack<E extends Error>(create: () => E): E {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = Number.POSITIVE_INFINITY;
  try {
    return create();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
