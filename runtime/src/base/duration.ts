import ms, { type StringValue } from "ms";
import { MAX_TIMEOUT } from "./max-timeout.js";

/**
 * Reads `500ms`, `2s`, `1.5m`, `1h` or `1d` as milliseconds; a number alone is in milliseconds, as everywhere in sshrpc.
 * Undefined where it is none of these, or longer than a timer can wait: 24 days.
 */
export function parseDuration(text: string): number | undefined {
  // What ms takes beside these is prose; and it throws where a text is very long.
  const value = /^\d{1,15}(?:\.\d{1,15})?(?:ms|[smhd])?$/.test(text) ? ms(text as StringValue) : undefined;
  return value !== undefined && value <= MAX_TIMEOUT ? value : undefined;
}
