/**
 * What a promise of somebody else's gives.
 * @throws Error where it gives nothing within `timeout` milliseconds; `late` gets what comes after that
 */
export async function within<T>(promise: Promise<T>, timeout: number, late?: (value: T) => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`there was no answer within ${timeout} ms (forwarding.timeout)`));
      promise.then(late, () => {});
    }, timeout);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
