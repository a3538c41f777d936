import { RpcError } from "../../contract/rpc-error.js";
import { MAX_TIMEOUT } from "../../max-timeout.js";

const UNITS: Readonly<Record<string, number>> = { "": 1, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * Reads `500ms`, `2s`, `1.5m` or `1h`; a number alone is in milliseconds.
 * @throws RpcError BAD_REQUEST where it is none, or over 24 days
 */
export function readDuration(text: string): number {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h|)$/.exec(text) ?? [];
  const milliseconds = Number(number) * (UNITS[unit] as number);
  if (milliseconds >= 1 && milliseconds <= MAX_TIMEOUT) return milliseconds;
  throw new RpcError(
    "BAD_REQUEST",
    `--timeout is ${JSON.stringify(text)}; it is a duration such as 500ms, 2s or 1m, at most 24 days`,
  );
}
