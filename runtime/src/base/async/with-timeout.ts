import { withSignal } from "./with-signal.js";

/** How {@link withTimeout} ends early. */
interface WithTimeoutOptions<T> {
  /** The message of the Error to reject with. */
  readonly message: string;
  /** Receives a value that arrives after the timeout, to release it. */
  readonly onLate?: (value: T) => void;
}

/**
 * Waits for a promise, or for what a function returns, at most `timeout` milliseconds.
 * @throws what the promise rejects with, or an Error with `message`
 */
export async function withTimeout<T>(
  promise: Promise<T> | (() => T | Promise<T>),
  timeout: number,
  { message, onLate }: WithTimeoutOptions<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error(message)), timeout);
  try {
    return await withSignal(promise, controller.signal, { onLate });
  } finally {
    clearTimeout(timer);
  }
}
