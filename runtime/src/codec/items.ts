import { copyBytes } from "../base/copy-bytes.js";
import { errorMessage } from "../base/error-message.js";
import type { Validator } from "../contract/method.js";
import { RpcError } from "../contract/rpc-error.js";
import { isValid, mismatch } from "./check.js";
import { checkDeclared, type UndeclaredProperties } from "./check-declared.js";
import type { BytesView, Codec, EncodedValue } from "./codec.js";
import { describeIssues, issuesOf } from "./issues.js";

/** The items of a stream: values that a validator accepts, or raw bytes. */
export type ItemType = Validator | "bytes";

/** How the items of one stream are encoded and validated. */
interface ItemFormat {
  readonly type: ItemType;
  readonly codec: Codec;
  /** The status of an invalid item: BAD_REQUEST where the caller sent it, INTERNAL where the handler did. */
  readonly status: "BAD_REQUEST" | "INTERNAL";
  /** Of items that a handler sends. */
  readonly undeclared?: UndeclaredProperties;
}

/** A view is kept while its chunk is at most this many times as large; it keeps the whole chunk in memory. */
const MAX_OVERHEAD = 4;

/**
 * Validates and encodes an item; raw bytes are returned as they are.
 * @throws RpcError with the format's status where the schema rejects it
 */
export function encodeItem(item: unknown, format: ItemFormat): EncodedValue {
  const { type, status } = format;
  if (type !== "bytes") {
    checkItem(item, type, status);
    return encodeValue(item, type, format);
  }
  if (item instanceof Uint8Array) return item;
  throw new RpcError(status, `an item of a Bytes stream must be a Uint8Array, not ${describe(item)}`);
}

/**
 * Decodes and validates an item. Raw bytes are a view of the chunk that they arrived in, or a copy where the chunk is much
 * larger: a small view would keep all of it in memory.
 * @param number of the item in its stream, from 1, for the message
 * @throws RpcError with the format's status where the schema rejects it
 */
export function decodeItem(bytes: BytesView, { type, codec, status }: ItemFormat, number?: number): unknown {
  if (type === "bytes") {
    const item = bytes.buffer.subarray(bytes.start, bytes.end);
    return item.length * MAX_OVERHEAD >= bytes.buffer.buffer.byteLength ? item : copyBytes(item);
  }
  let item: unknown;
  try {
    item = codec.decode(bytes);
  } catch (error) {
    throw withStatus(error, status);
  }
  checkItem(item, type, status, number);
  return item;
}

/** A schema that accepts any value also accepts values that the codec cannot represent. */
function encodeValue(item: unknown, validator: Validator, { codec, status, undeclared }: ItemFormat): EncodedValue {
  try {
    if (undeclared === "refuse") checkDeclared(item, validator);
    return codec.encode(item, undeclared && validator.projection);
  } catch (error) {
    const [reason] = errorMessage(error).split("\n");
    throw new RpcError(status, `an item cannot be encoded: ${reason}`, { cause: error });
  }
}

/** Replaces the status of an error, BAD_REQUEST by default, by that of the stream's sender. */
function withStatus(error: unknown, status: "BAD_REQUEST" | "INTERNAL"): unknown {
  if (!(error instanceof RpcError) || error.status === status) return error;
  return new RpcError(status, `invalid item: ${error.message}`, { cause: error });
}

/**
 * Validates an item. @throws RpcError with `status` where it does not fit the schema
 * @param name names the item in the message: text, or its number
 */
export function checkItem(
  item: unknown,
  validator: Validator,
  status: "BAD_REQUEST" | "INTERNAL",
  name: string | number = "an item",
): void {
  try {
    if (isValid(item, validator)) return;
  } catch (error) {
    throw withStatus(error, status);
  }
  const issues = issuesOf(validator);
  const what = typeof name === "number" ? `item ${name}` : name;
  const message = `${what} does not match the schema: ${describeIssues(issues)}`;
  const error = new RpcError(status, message, { details: { issues } });
  throw status === "INTERNAL" ? mismatch(error) : error;
}

function describe(value: unknown): string {
  return value === null ? "null" : typeof value === "object" ? (value.constructor?.name ?? "an object") : typeof value;
}
