import { onRejected } from "../async/on-rejected.js";
import type { Propagation } from "./propagation.js";

type Failed = (error: unknown) => void;
type Inject = NonNullable<Propagation["injectHeaders"]>;
type Run = NonNullable<Propagation["runCall"]>;

/** One member that has the effect of those of all `receivers`, which have it. What one throws itself goes to `failed`. */
export function combinePropagation(
  member: keyof Propagation,
  receivers: readonly Propagation[],
  failed: Failed,
): Propagation {
  return member === "runCall"
    ? { runCall: receivers.map((one) => guarded(one, failed)).reduceRight(nested) }
    : { injectHeaders: merged(receivers, failed) };
}

/** The headers of the first one that has them win. */
function merged(receivers: readonly Propagation[], failed: Failed): Inject {
  return (call) => {
    let headers: ReturnType<Inject>;
    for (const one of receivers) {
      try {
        const more = one.injectHeaders?.(call);
        if (more !== undefined) headers = { ...more, ...headers };
      } catch (error) {
        failed(error);
      }
    }
    return headers;
  };
}

function nested(inner: Run, outer: Run): Run {
  return (call, work) => outer(call, () => inner(call, work));
}

/** A call must run, and run once, even where the observer fails. */
function guarded(observer: Propagation, failed: Failed): Run {
  return <Result>(call: Parameters<Run>[0], work: () => Result): Result => {
    let outcome: { readonly value: Result } | { readonly thrown: unknown } | undefined;
    const once = (): Result => {
      outcome ??= attempt(work);
      if ("thrown" in outcome) throw outcome.thrown;
      return outcome.value;
    };
    try {
      const result: unknown = observer.runCall?.(call, once);
      // A promise of its own, as of an async function, which rejects also where the work does.
      if (outcome === undefined || !("value" in outcome) || outcome.value !== result) onRejected(result, failed);
    } catch (error) {
      if (outcome === undefined || !("thrown" in outcome) || outcome.thrown !== error) failed(error);
    }
    return once();
  };
}

function attempt<Result>(work: () => Result): { readonly value: Result } | { readonly thrown: unknown } {
  try {
    return { value: work() };
  } catch (thrown) {
    return { thrown };
  }
}
