/** Milliseconds before a test stops waiting: only a failing test waits so long. */
const TIMEOUT = 20_000;

/** The same promise with a timeout, whose error names the awaited event. */
export async function within<T>(what: string, promise: Promise<T>, timeout = TIMEOUT): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`timed out waiting for ${what}`)), timeout);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Polls `condition` until it returns a value other than false or undefined. A condition that returns a promise does not compile:
 * a promise is neither, and would end the wait at once.
 */
export async function until<T>(
  what: string,
  condition: () => (T extends PromiseLike<unknown> ? never : T) | false | undefined,
): Promise<T> {
  const end = Date.now() + TIMEOUT;
  // What takes long is looked at less often: others need the processor.
  for (let pause = 1; ; pause = Math.min(pause * 1.1, 20)) {
    const found = condition();
    if (found !== false && found !== undefined) return found;
    if (Date.now() > end) throw new Error(`timed out waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** The error that a promise rejects with. */
export async function failure<E = unknown>(promise: Promise<unknown>): Promise<E> {
  let value: unknown;
  try {
    value = await within("a rejection", promise);
  } catch (error) {
    return error as E;
  }
  throw new Error(`expected a rejection, but it resolved with ${JSON.stringify(value)}`);
}
