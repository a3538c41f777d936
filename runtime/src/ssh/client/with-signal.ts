import { RpcError } from "../../contract/rpc-error.js";

/**
 * Waits for `promise`, but no longer than until `signal` aborts.
 * @param late takes what comes when nobody waits for it any more
 * @throws RpcError CANCELLED
 */
export async function withSignal<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  late: (value: T) => void = () => undefined,
  message = "it was cancelled",
): Promise<T> {
  if (signal === undefined) return promise;
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(new RpcError("CANCELLED", message, { cause: signal.reason }));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
  });
  let isLate = true;
  try {
    const value = await Promise.race([promise, aborted]);
    isLate = false;
    return value;
  } finally {
    signal.removeEventListener("abort", stop);
    if (isLate) promise.then(late, () => undefined);
  }
}
