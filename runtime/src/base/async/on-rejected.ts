/** Calls `failed` if a promise, or another thenable, that a function of the user has returned rejects. */
export function onRejected(result: unknown, failed: (error: unknown) => void): void {
  const thenable = result as PromiseLike<unknown> | null | undefined;
  if (typeof thenable?.then === "function") Promise.resolve(thenable).catch(failed);
}
