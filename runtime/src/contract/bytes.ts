/**
 * Marks a stream of raw bytes: `requestStream: Bytes` or `responseStream: Bytes`. Its items are `Uint8Array` of any
 * size, sent without base64.
 */
export interface Bytes {
  readonly "~sshrpc": "Bytes";
}

/** See the type of the same name. */
export const Bytes: Bytes = Object.freeze({ "~sshrpc": "Bytes" });

/** Whether a stream is declared as {@link Bytes}. Checks the mark, because another copy of this package may load the schema. */
export function isBytes(value: unknown): value is Bytes {
  return typeof value === "object" && value !== null && (value as Partial<Bytes>)["~sshrpc"] === "Bytes";
}
