import type { EncodedJson } from "../../codec/encoded-json.js";
import type { RpcError } from "../../contract/rpc-error.js";
import { escapeUnsafe } from "./json-text.js";

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
  error: ({ status, code, method, message, details }) =>
    `${escapeUnsafe(JSON.stringify({ status, code, method, message, details }))}\n`,
};
