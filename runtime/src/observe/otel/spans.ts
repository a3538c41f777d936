import type { Context, Link, Span, TextMapGetter, Tracer } from "@opentelemetry/api";
import { errorMessage } from "../../base/error-message.js";
import type { CallEnded, CallStarted, Observer } from "../../base/observer/observer.js";
import { printable } from "../../base/printable.js";
import { endAttributes, isFailure, SYSTEM, startAttributes } from "./attributes.js";

type Api = typeof import("@opentelemetry/api");
type Headers = NonNullable<CallStarted["metadata"]>;

/** What a server does with the trace that a caller sends. */
export type IncomingTrace = "continue" | "link" | "ignore";

/** Characters of a message in the status of a span. */
const MAX_MESSAGE = 1024;

/** A call that runs: its span, and the context in which the span is the active one. */
interface Running {
  readonly span: Span;
  readonly context: Context;
  /** In ms since the epoch. */
  readonly start: number;
}

const HEADERS: TextMapGetter<Headers> = {
  keys: (headers) => [...headers.keys()],
  get: (headers, name) => [...(headers.get(name.toLowerCase()) ?? [])],
};

/** A span for each call, which is as long as the call, and active while a handler runs. */
export function spans(api: Api, tracer: Tracer, incoming: IncomingTrace): Observer {
  const { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } = api;
  const running = new Map<number, Running>();

  /** The context of the caller, and a link to it. */
  const caller = (metadata: Headers | undefined): { readonly parent: Context; readonly links: Link[] } => {
    if (metadata === undefined || incoming === "ignore") return { parent: ROOT_CONTEXT, links: [] };
    const parent = propagation.extract(ROOT_CONTEXT, metadata, HEADERS);
    if (incoming === "continue") return { parent, links: [] };
    const remote = trace.getSpanContext(parent);
    return { parent: ROOT_CONTEXT, links: remote === undefined ? [] : [{ context: remote }] };
  };

  const started = (call: CallStarted): void => {
    const isServer = call.side === "server";
    const { parent, links } = isServer ? caller(call.metadata) : { parent: context.active(), links: [] };
    const start = performance.timeOrigin + performance.now();
    const kind = isServer ? SpanKind.SERVER : SpanKind.CLIENT;
    const name = call.unknown ? SYSTEM : call.method;
    const span = tracer.startSpan(name, { kind, links, startTime: start, attributes: startAttributes(call) }, parent);
    running.set(call.call, { span, context: trace.setSpan(parent, span), start });
  };

  const ended = (call: CallEnded): void => {
    const found = running.get(call.call);
    if (found === undefined) return;
    running.delete(call.call);
    const { span, start } = found;
    const end = start + call.milliseconds;
    span.setAttributes(endAttributes(call));
    const { status, side, error } = call;
    if (isFailure(status, side)) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: printable(error?.message ?? status, MAX_MESSAGE) });
      const cause = error?.cause;
      if (side === "server" && cause !== undefined) span.recordException(toException(cause), end);
    }
    span.end(end);
  };

  return {
    callStarted: started,
    callEnded: ended,
    callRetried: ({ call, attempt, delay, error }) => {
      running
        .get(call)
        ?.span.addEvent("retry", { attempt, delay, "error.message": printable(error.message, MAX_MESSAGE) });
    },
    injectHeaders: ({ call }) => {
      const headers: Record<string, string> = {};
      propagation.inject(running.get(call)?.context ?? context.active(), headers);
      return headers;
    },
    runCall: ({ call }, work) => {
      const found = running.get(call);
      return found === undefined ? work() : context.with(found.context, work);
    },
  };
}

/** What a handler has thrown may be anything. */
function toException(cause: unknown): Error | string {
  return cause instanceof Error ? cause : errorMessage(cause);
}
