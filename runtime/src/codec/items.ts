import { copyBytes } from "../base/copy-bytes.js";
import { errorMessage } from "../base/error-message.js";
import type { Validator } from "../contract/method.js";
import { RpcError } from "../contract/rpc-error.js";
import { isValid } from "./check.js";
import { describeIssues, issuesOf } from "./issues.js";
import { decodeJson, encodeJson } from "./json.js";

/** What the items of a stream are: JSON that a validator accepts, or raw bytes. */
export type ItemType = Validator | "bytes";

/** A view may keep so many times its own bytes from being freed. */
const MOST = 4;

/**
 * Validates an item and gives the body of its frame; raw bytes as they are.
 * @throws RpcError with `status` where it is not what the schema says
 */
export function encodeItem(item: unknown, type: ItemType, status: "BAD_REQUEST" | "INTERNAL"): string | Uint8Array {
  if (type !== "bytes") {
    checkItem(item, type, status);
    return writeItem(item, status);
  }
  if (item instanceof Uint8Array) return item;
  throw new RpcError(status, `an item of a Bytes stream must be a Uint8Array, not ${describe(item)}`);
}

/**
 * Reads an item that arrived between `start` and `end`, and validates it. Raw bytes are a view of what arrived, but a copy
 * where most of that is something else: a view of few bytes would keep all the others.
 * @throws RpcError with `status` where it is not what the schema says
 */
export function decodeItem(
  buffer: Buffer,
  start: number,
  end: number,
  type: ItemType,
  status: "BAD_REQUEST" | "INTERNAL",
): unknown {
  if (type === "bytes") {
    const bytes = buffer.subarray(start, end);
    return bytes.length * MOST >= buffer.buffer.byteLength ? bytes : copyBytes(bytes);
  }
  const item = withStatus(status, () => decodeJson(buffer, start, end));
  checkItem(item, type, status);
  return item;
}

/** What a schema lets pass as any value may still hold what JSON cannot carry. */
function writeItem(item: unknown, status: "BAD_REQUEST" | "INTERNAL"): string {
  try {
    return encodeJson(item);
  } catch (error) {
    const [reason] = errorMessage(error).split("\n");
    throw new RpcError(status, `an item cannot be written as JSON: ${reason}`, { cause: error });
  }
}

/** What is wrong with any text or value is BAD_REQUEST by itself; here, `status` says whose fault it is. */
function withStatus<T>(status: "BAD_REQUEST" | "INTERNAL", action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof RpcError) || error.status === status) throw error;
    throw new RpcError(status, `an item is not what it must be: ${error.message}`, { cause: error });
  }
}

/** Validates an item. @throws RpcError with `status` where it does not fit the schema */
export function checkItem(item: unknown, validator: Validator, status: "BAD_REQUEST" | "INTERNAL"): void {
  if (withStatus(status, () => isValid(item, validator))) return;
  const issues = issuesOf(validator);
  throw new RpcError(status, `an item does not fit the contract: ${describeIssues(issues)}`, { details: { issues } });
}

function describe(value: unknown): string {
  return value === null ? "null" : typeof value === "object" ? (value.constructor?.name ?? "an object") : typeof value;
}
