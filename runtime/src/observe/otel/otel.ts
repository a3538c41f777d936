import type { MeterProvider, TracerProvider } from "@opentelemetry/api";
import { checkOptions, OptionError, type OptionTable, oneOf } from "../../base/check-options.js";
import type { Observer } from "../../base/observer/observer.js";
import { printable } from "../../base/printable.js";
import { VERSION } from "../../base/version.js";
import { checkedOptions } from "../../contract/option-errors.js";
import { loadPeer } from "../load-peer.js";
import { instruments } from "./instruments.js";
import { type IncomingTrace, spans } from "./spans.js";

/** Options of {@link otel}. */
export interface OtelOptions {
  /** Gives the tracer of the spans. Default: the global one. */
  readonly tracerProvider?: TracerProvider;
  /** Gives the meter of the metrics. Default: the global one. */
  readonly meterProvider?: MeterProvider;
  /**
   * What becomes of the trace that a caller sends: `"continue"`: spans are a part of it, and so the caller also decides whether they are
   * sampled; `"link"`: spans have a trace of their own, and a link to the caller's; `"ignore"`: nothing. Default: continue.
   */
  readonly incomingTrace?: IncomingTrace;
}

const OTEL_OPTIONS = {
  tracerProvider: oneOf("object"),
  meterProvider: oneOf("object"),
  incomingTrace: oneOf("string"),
} satisfies OptionTable<OtelOptions>;

const INCOMING: readonly string[] = ["continue", "link", "ignore"] satisfies IncomingTrace[];

/**
 * An observer that makes OpenTelemetry spans and metrics of calls, by the semantic conventions for RPC (version 1.45). Pass it as the option
 * `observer` of `serve` and of `connect`. Calls made inside a handler, and each side of a call, belong to one trace: the global propagator
 * carries it in metadata. It needs the package `@opentelemetry/api`; without an SDK, it records nothing.
 * @throws RpcError BAD_REQUEST for an invalid option; Error that names the package to install
 */
export async function otel(options: OtelOptions = {}): Promise<Observer> {
  const incomingTrace = checkedOptions(() => checkOtelOptions(options));
  const api = await loadPeer("@opentelemetry/api", "sshrpc/otel", () => import("@opentelemetry/api"));
  const { tracerProvider = api.trace, meterProvider = api.metrics } = options;
  const ofSpans = spans(api, tracerProvider.getTracer("sshrpc", VERSION), incomingTrace);
  const ofMetrics = instruments(meterProvider.getMeter("sshrpc", VERSION));
  return {
    ...ofMetrics,
    ...ofSpans,
    callStarted: (call) => {
      ofSpans.callStarted?.(call);
      ofMetrics.callStarted?.(call);
    },
    callEnded: (call) => {
      ofSpans.callEnded?.(call);
      ofMetrics.callEnded?.(call);
    },
  };
}

function checkOtelOptions(options: OtelOptions): IncomingTrace {
  checkOptions(options, OTEL_OPTIONS);
  const { incomingTrace = "continue" } = options;
  if (INCOMING.includes(incomingTrace)) return incomingTrace;
  const invalid = printable(String(incomingTrace), 60);
  throw new OptionError(`option incomingTrace: invalid value "${invalid}"; use "continue", "link" or "ignore"`);
}
