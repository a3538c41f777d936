/** A call, by its number in the events of an observer. */
interface NumberedCall {
  readonly call: number;
}

/**
 * Carries a context of the caller, such as that of a trace, to the code that runs its call: a propagator. The members of an
 * observer for it.
 */
export interface Propagation {
  /**
   * Returns headers for a call that this process makes, such as `traceparent`. It runs in the asynchronous context of the caller, after
   * `callStarted`. Headers of the call options replace those of the same name. Names and values that are no headers, and headers
   * beyond 8 KiB, are left out. Default: none.
   */
  injectHeaders?(call: NumberedCall): Readonly<Record<string, string>> | undefined;
  /**
   * Runs a part of a call that this process runs: interceptors, handler and items, or the listeners of `ctx.signal`. It calls `work`
   * once, at once, and returns its result; what it sets for the time of `work`, such as an AsyncLocalStorage, holds for the
   * asynchronous work that begins there.
   */
  runCall?<Result>(call: NumberedCall, work: () => Result): Result;
}
