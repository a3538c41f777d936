import type { ClientInterceptor } from "../call/interceptor.js";

/** Gives no call more than so many milliseconds, whatever its caller says. A stream that nobody limits gets them, too. */
export function maxTimeout(milliseconds: number): ClientInterceptor {
  return (call, next) => {
    const { timeout = call.method.timeout ?? milliseconds } = call.options;
    return next({ ...call, options: { ...call.options, timeout: Math.min(timeout, milliseconds) } });
  };
}
