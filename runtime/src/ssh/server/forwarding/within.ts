/** How {@link within} ends early. */
export interface WithinOptions<T> {
  /** The message of the Error to reject with. */
  readonly message: string;
  /** Receives a value that arrives after the timeout, to release it. */
  readonly onLate?: (value: T) => void;
}

/**
 * Waits for a promise, at most `timeout` milliseconds.
 * @throws what the promise rejects with, or an Error with `message`
 */
export async function within<T>(
  promise: Promise<T>,
  timeout: number,
  { message, onLate }: WithinOptions<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(message));
      promise.then(onLate, () => {});
    }, timeout);
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}
