/**
 * How many values travel in each direction of a call. It follows from which of `requestStream` and
 * `responseStream` a method declares, never from a setting of its own.
 */
export type Kind = "unary" | "server-streaming" | "client-streaming" | "bidirectional";

/** The kind of a method that has these streams. */
export function kindOf(streams: { readonly request: boolean; readonly response: boolean }): Kind {
  if (streams.request) return streams.response ? "bidirectional" : "client-streaming";
  return streams.response ? "server-streaming" : "unary";
}
