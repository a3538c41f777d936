import type { Validator } from "../contract/method.js";
import { RpcError } from "../contract/rpc-error.js";
import { describeIssues, issuesOf } from "./issues.js";
import { decodeJson, encodeJson } from "./json.js";

/** What the items of a stream are: JSON that a validator accepts, or raw bytes. */
export type ItemType = Validator | "bytes";

/**
 * Bytes of raw data in one frame at most: what fits, with its header, into one packet of ssh2. More is cut, so that one
 * call's frames do not hold up all the others.
 */
const CHUNK = 32 * 1024 - 10;

/**
 * Validates an item and gives the bodies of its frames: one, or several for many raw bytes, none for no bytes.
 * @throws RpcError with `status` where it is not what the schema says
 */
export function encodeItem(item: unknown, type: ItemType, status: "BAD_REQUEST" | "INTERNAL"): (string | Uint8Array)[] {
  if (type !== "bytes") {
    checkItem(item, type, status);
    return [encodeJson(item)];
  }
  if (!(item instanceof Uint8Array)) {
    throw new RpcError(status, `an item of a Bytes stream must be a Uint8Array, not ${describe(item)}`);
  }
  const bodies: Uint8Array[] = [];
  for (let at = 0; at < item.length; at += CHUNK) bodies.push(item.subarray(at, at + CHUNK));
  return bodies;
}

/**
 * Reads an item that arrived between `start` and `end`, and validates it. Raw bytes are a view of what arrived.
 * @throws RpcError with `status` where it is not what the schema says
 */
export function decodeItem(
  buffer: Buffer,
  start: number,
  end: number,
  type: ItemType,
  status: "BAD_REQUEST" | "INTERNAL",
): unknown {
  if (type === "bytes") return buffer.subarray(start, end);
  const item = decodeJson(buffer, start, end);
  checkItem(item, type, status);
  return item;
}

function checkItem(item: unknown, validator: Validator, status: "BAD_REQUEST" | "INTERNAL"): void {
  if (validator(item)) return;
  const issues = issuesOf(validator);
  throw new RpcError(status, `an item does not fit the contract: ${describeIssues(issues)}`, { details: { issues } });
}

function describe(value: unknown): string {
  return value === null ? "null" : typeof value === "object" ? (value.constructor?.name ?? "an object") : typeof value;
}
