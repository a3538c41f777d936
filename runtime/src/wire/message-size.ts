import { RpcError } from "../contract/rpc-error.js";

/** Refuses a message that is about to be sent. @throws RpcError MESSAGE_TOO_LARGE where `body` has over `limit` bytes */
export function checkSize(body: string, limit: number, what: string): void {
  // UTF-8 needs at most three bytes a unit: most messages are far from the limit, and need no counting.
  if (body.length * 3 <= limit) return;
  const size = Buffer.byteLength(body);
  if (size > limit) throw tooLarge(size, limit, what);
}

/** The error of a message, such as "response", that has over `limit` bytes. */
export function tooLarge(size: number, limit: number, what: string): RpcError {
  return new RpcError("MESSAGE_TOO_LARGE", `the ${what} has ${size} bytes; the limit is ${limit} (limits.message)`);
}
