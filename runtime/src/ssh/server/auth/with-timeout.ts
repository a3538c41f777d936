/**
 * Asks a function that somebody else wrote, and waits no longer than the signal says.
 * @throws what it throws, or the reason of the signal
 */
export async function withTimeout<T>(signal: AbortSignal, ask: () => T | Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([ask(), aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener("abort", onAbort);
  }
}
