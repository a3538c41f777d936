/** The functions of `process` that end it. */
const ENDINGS = ["exit", "reallyExit", "abort", "kill"] as const;

type Ending = (typeof ENDINGS)[number];
type Endings = Record<Ending, (...args: unknown[]) => unknown>;

/** A module called a function that ends the process. */
export class ExitRefused extends Error {
  constructor(call: string) {
    super(`the schema ends the process with ${call}; remove this call`);
  }
}

/**
 * Runs `load`, and rejects if a module ends the process meanwhile: `process.kill` would end the whole process, and the others
 * this thread without the position of the call.
 *
 * @param isFromModule whether an error was created by code of a module.
 */
export async function refuseExit<T>(load: () => Promise<T>, isFromModule: (error: Error) => boolean): Promise<T> {
  const target = process as unknown as Endings;
  const original = Object.fromEntries(ENDINGS.map((name) => [name, target[name]])) as Endings;
  let refused: ExitRefused | undefined;
  let fail: (error: Error) => void = () => {};
  const ended = new Promise<never>((_, reject) => {
    fail = reject;
  });
  for (const name of ENDINGS) {
    target[name] = (...args) => {
      const error = withWholeStack(() => new ExitRefused(`process.${name}(${args.map(String).join(", ")})`));
      // A signal to another process, and signal 0, which only tests for a process, do not end this one.
      const endsThis = name !== "kill" || (args[0] === process.pid && args[1] !== 0);
      if (!endsThis || !isFromModule(error)) return original[name].apply(process, args);
      if (refused === undefined) {
        refused = error;
        fail(error);
      }
      throw refused;
    };
  }
  try {
    const loaded = await Promise.race([load(), ended]);
    // The module may have caught the error.
    if (refused !== undefined) throw refused;
    return loaded;
  } finally {
    Object.assign(target, original);
  }
}

/** The frame of the module may be deep in the stack, below functions of packages. */
function withWholeStack<E extends Error>(create: () => E): E {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = Number.POSITIVE_INFINITY;
  try {
    return create();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
