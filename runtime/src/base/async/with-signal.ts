/** How {@link withSignal} ends early. */
interface WithSignalOptions<T> {
  /** The error to reject with after an abort. Default: the reason of the signal. */
  readonly error?: ((reason: unknown) => Error) | undefined;
  /** Receives a value that arrives after the abort, to release it. */
  readonly onLate?: ((value: T) => void) | undefined;
}

/**
 * Waits for a promise, or for the result of a function, until `signal` aborts. After an abort, the function is not called.
 * @throws what the promise rejects with, or the error of the abort
 */
export async function withSignal<T>(
  promise: Promise<T> | (() => T | Promise<T>),
  signal: AbortSignal | undefined,
  { error, onLate }: WithSignalOptions<T> = {},
): Promise<T> {
  const run = (): T | Promise<T> => (typeof promise === "function" ? promise() : promise);
  if (signal === undefined) return run();
  const reason = (): unknown => (error === undefined ? signal.reason : error(signal.reason));
  if (signal.aborted && typeof promise === "function") throw reason();
  const pending = Promise.resolve(run());
  const abandon = (): void => void pending.then(onLate, () => undefined);
  if (signal.aborted) {
    abandon();
    throw reason();
  }
  return new Promise<T>((resolve, reject) => {
    const remove = onAbort(signal, () => {
      abandon();
      reject(reason());
    });
    const settle = (value: T): void => {
      remove();
      resolve(value);
    };
    const fail = (thrown: unknown): void => {
      remove();
      reject(thrown);
    };
    pending.then(settle, fail);
  });
}

const listenersOf = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `listener` once when `signal` aborts; in a microtask if it has aborted already. All listeners share one event
 * listener of the signal, because Node warns of a leak at the eleventh.
 * @returns the function that removes `listener`
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const listeners = listenersOf.get(signal) ?? addListeners(signal);
  // A separate function for each call, so that a listener can be added twice.
  const call = (): void => listener();
  listeners.add(call);
  return () => {
    listeners.delete(call);
    if (listeners.size === 0 && listenersOf.get(signal) === listeners) {
      listenersOf.delete(signal);
      signal.removeEventListener("abort", onEvent);
    }
  };
}

function addListeners(signal: AbortSignal): Set<() => void> {
  const listeners = new Set<() => void>();
  listenersOf.set(signal, listeners);
  if (signal.aborted) queueMicrotask(() => callAll(signal));
  else signal.addEventListener("abort", onEvent, { once: true });
  return listeners;
}

function onEvent({ target }: Event): void {
  callAll(target as AbortSignal);
}

function callAll(signal: AbortSignal): void {
  const listeners = listenersOf.get(signal) ?? [];
  listenersOf.delete(signal);
  for (const listener of listeners) listener();
}

/** Whether the reason of an abort is a timeout, as with `AbortSignal.timeout`. */
export function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === "TimeoutError";
}
