/** `sshrpc/otel`: OpenTelemetry spans and metrics of calls, through `@opentelemetry/api`. */
export type { Observer } from "./base/observer/observer.js";
export { type OtelOptions, otel } from "./observe/otel/otel.js";
