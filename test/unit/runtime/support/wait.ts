/** Milliseconds after which a test gives up waiting: only a failing test ever waits so long. */
const PATIENCE = 20_000;

/** The same promise, bounded: a test that hangs says what it waited for. */
export async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), PATIENCE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Looks again, turn by turn, until `condition` gives something else than false or undefined. */
export async function until<T>(what: string, condition: () => T | false | undefined): Promise<T> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const found = condition();
    if (found !== false && found !== undefined) return found;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
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
  throw new Error(`it did not fail, but gave ${JSON.stringify(value)}`);
}
