import type { EncodedJson } from "../../codec/encoded-json.js";
import type { RpcError } from "../../contract/rpc-error.js";

/** Formats the output of commands. Each text ends with a line end. */
export interface Printer {
  /** A response, or an item of a stream. */
  value(value: EncodedJson): string;
  /** An item of a stream of raw bytes. */
  bytes(bytes: Uint8Array): string | Uint8Array;
  /** A document that describes something. */
  document(value: unknown): string;
  error(error: RpcError): string;
}

/** For programs: one value per line, bytes unchanged. */
export const JSON_PRINTER: Printer = {
  value: ({ text }) => `${escapeUnsafe(text)}\n`,
  bytes: (bytes) => bytes,
  document: (value) => `${escapeUnsafe(JSON.stringify(value, null, 2))}\n`,
  error: (error) => `${escapeUnsafe(JSON.stringify(error))}\n`,
};

/** Characters that JSON leaves unescaped and that a terminal may act on. */
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Escapes in JSON what a terminal may act on. The value stays the same. */
export function escapeUnsafe(json: string): string {
  return json.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
