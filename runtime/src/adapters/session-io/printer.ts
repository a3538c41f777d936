import type { RpcError } from "../../contract/rpc-error.js";
import { escapeUnsafe } from "./json-text.js";

/** How what a command gives is written. Each text ends with a line end. */
export interface Printer {
  /** A response, or an item of a stream. */
  value(value: unknown): string;
  /** An item of a stream of raw bytes. */
  bytes(bytes: Uint8Array): string | Uint8Array;
  /** What somebody asked to have described. */
  document(value: unknown): string;
  error(error: RpcError): string;
}

/** For programs: a value a line, bytes as they are. */
export const JSON_PRINTER: Printer = {
  value: (value) => `${escapeUnsafe(JSON.stringify(value))}\n`,
  bytes: (bytes) => bytes,
  document: (value) => `${escapeUnsafe(JSON.stringify(value, null, 2))}\n`,
  error: ({ status, code, method, message, details }) =>
    `${escapeUnsafe(JSON.stringify({ status, code, method, message, details }))}\n`,
};
