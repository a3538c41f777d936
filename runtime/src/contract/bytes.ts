/**
 * Marks a stream of raw bytes: `requestStream: Bytes` or `responseStream: Bytes`. Its items are `Uint8Array`, of any
 * size; they travel as they are, never as base64.
 */
export interface Bytes {
  readonly "~sshrpc": "Bytes";
}

/** See the type of the same name. */
export const Bytes: Bytes = Object.freeze({ "~sshrpc": "Bytes" });

/** Whether a stream's declaration says raw bytes. It asks for the mark, for a schema may be loaded by another copy. */
export function isBytes(value: unknown): value is Bytes {
  return typeof value === "object" && value !== null && (value as Partial<Bytes>)["~sshrpc"] === "Bytes";
}
