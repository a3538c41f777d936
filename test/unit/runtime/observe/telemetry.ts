import { context, propagation, type Span, SpanKind, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  AggregationTemporality,
  type DataPoint,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import type { OtelOptions } from "sshrpc/otel";
import { onTestFinished } from "vitest";

/** An OpenTelemetry SDK with exporters in memory, the global propagator and the global context manager, for one test. */
export interface Telemetry {
  /** The options of `otel`. */
  readonly providers: Required<Pick<OtelOptions, "tracerProvider" | "meterProvider">>;
  /** The finished spans of one kind. */
  spans(kind: SpanKind): readonly ReadableSpan[];
  /** The data points of a metric. */
  points<Value = number>(metric: string): Promise<readonly DataPoint<Value>[]>;
  /** Runs work in a new span, and returns its trace id with the result. */
  inTrace<Result>(work: () => Promise<Result>): Promise<{ readonly traceId: string; readonly result: Result }>;
}

/** The value of a point of a histogram. */
export type Distribution = Histogram;

export function startTelemetry(processor?: SpanProcessor): Telemetry {
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [processor ?? new SimpleSpanProcessor(exporter)] });
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  // Only `points` exports.
  const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 3_600_000 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  );
  onTestFinished(async () => {
    context.disable();
    propagation.disable();
    await Promise.allSettled([tracerProvider.shutdown(), meterProvider.shutdown()]);
  });
  return {
    providers: { tracerProvider, meterProvider },
    spans: (kind) => exporter.getFinishedSpans().filter((span) => span.kind === kind),
    async points<Value>(metric: string) {
      await reader.forceFlush();
      const scopes = metricExporter.getMetrics().at(-1)?.scopeMetrics ?? [];
      const found = scopes.flatMap(({ metrics }) => metrics).find(({ descriptor }) => descriptor.name === metric);
      return (found?.dataPoints ?? []) as unknown as readonly DataPoint<Value>[];
    },
    async inTrace(work) {
      const span: Span = tracerProvider.getTracer("test").startSpan("test", { kind: SpanKind.INTERNAL });
      const result = await context.with(trace.setSpan(context.active(), span), work);
      span.end();
      return { traceId: span.spanContext().traceId, result };
    },
  };
}

/** Milliseconds that a span took. */
export function durationOf({ duration: [seconds, nanoseconds] }: ReadableSpan): number {
  return seconds * 1000 + nanoseconds / 1e6;
}
