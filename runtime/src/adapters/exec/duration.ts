import { parseDuration } from "../../base/duration.js";
import { RpcError } from "../../contract/rpc-error.js";
import { excerpt } from "../../server/call/excerpt.js";

/** Reads the duration of `--timeout`. @throws RpcError BAD_REQUEST where it is none, or under a millisecond */
export function readDuration(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds !== undefined && milliseconds >= 1) return milliseconds;
  throw new RpcError(
    "BAD_REQUEST",
    `--timeout is ${excerpt(JSON.stringify(text))}; it is a duration such as 500ms, 2s or 1m, at most 24 days`,
  );
}
