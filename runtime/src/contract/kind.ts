/**
 * Whether each direction of a call is one value or a stream. It follows from which of `requestStream` and `responseStream`
 * the method declares.
 */
export type Kind = "unary" | "server-streaming" | "client-streaming" | "bidirectional";

/** The kind of a method that has these streams. */
export function kindOf(streams: { readonly request: boolean; readonly response: boolean }): Kind {
  if (streams.request) return streams.response ? "bidirectional" : "client-streaming";
  return streams.response ? "server-streaming" : "unary";
}
