import ms, { type StringValue } from "ms";
import { MAX_TIMEOUT } from "./check-number.js";

/**
 * Parses `500ms`, `2s`, `1.5m`, `1h` or `1d` as milliseconds; a number without a unit is in ms. Undefined for any other text, such as `010s`,
 * and above the maximum timer delay of 24 days.
 */
export function parseDuration(text: string): number | undefined {
  // ms also accepts prose such as "2 days", and throws for a long text.
  const value = /^(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?(?:ms|[smhd])?$/.test(text) ? ms(text as StringValue) : undefined;
  return value !== undefined && value <= MAX_TIMEOUT ? value : undefined;
}

/** The bytes of each unit of a size: powers of 1,024, as in sshd_config(5). */
const UNITS: Readonly<Record<string, number>> = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/** The bytes of a size such as `512`, `64K`, `64M` or `1G`; undefined for any other text. */
export function parseByteSize(text: string): number | undefined {
  const [, digits, unit = ""] = /^(\d+)([KMG]?)$/.exec(text) ?? [];
  const bytes = Number(digits) * (UNITS[unit] as number);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
