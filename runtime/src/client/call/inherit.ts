import { MAX_TIMEOUT } from "../../base/max-timeout.js";
import type { CallOptions, ParentCall } from "./unary.js";

/** What passes from call to call, so that a trace stays one (W3C Trace Context). */
const PASSED_ON = ["traceparent", "tracestate"];

/**
 * The options of a call that is made inside a handler: it ends when the handler's call does, has no more time than is
 * left of it, and belongs to its trace.
 * @param timeout milliseconds, where the options do not say; undefined for no limit
 */
export function inherit(options: CallOptions, parent: ParentCall, timeout: number | undefined): CallOptions {
  const left = parent.deadline - Date.now();
  const own = options.timeout ?? timeout ?? Number.POSITIVE_INFINITY;
  // A deadline further away than a timer can wait is none for the inner call: the outer one still ends it.
  const shorter = Math.min(own, left > MAX_TIMEOUT ? Number.POSITIVE_INFINITY : left);
  const given = new Set(Object.keys(options.metadata ?? {}).map((name) => name.toLowerCase()));
  const passed = PASSED_ON.flatMap((name) => {
    const values = given.has(name) ? undefined : parent.metadata.get(name);
    return values === undefined ? [] : [[name, values] as const];
  });
  return {
    ...options,
    ...(shorter !== Number.POSITIVE_INFINITY && { timeout: shorter }),
    signal: either(options.signal, parent.signal),
    metadata: { ...Object.fromEntries(passed), ...options.metadata },
  };
}

/** What is no signal stays as it is, and is refused with the call. */
function either(own: AbortSignal | undefined, parents: AbortSignal): AbortSignal {
  if (own === undefined) return parents;
  return own instanceof AbortSignal ? AbortSignal.any([own, parents]) : own;
}
