import { InvalidArgumentError } from "commander";
import ms, { type StringValue } from "ms";
import { parseExpiryTime } from "../../ssh/keys/format/expiry-time.js";

/** The year of expiry-time has four digits. */
const LATEST = Date.UTC(9999, 11, 31);

/**
 * Parses the expiry of a key: a duration from now such as `12h` or `90d`, a date such as `2030-12-31` (midnight, local time)
 * or `2030-12-31T12:00Z`, or a time in the format of `expiry-time`. @returns milliseconds since 1970
 */
export function parseExpires(text: string): number {
  const time = readTime(text);
  if (time === undefined)
    throw new InvalidArgumentError("Use a time such as 12h, 90d, 2030-12-31 or 2030-12-31T12:00Z.");
  if (time <= Date.now()) throw new InvalidArgumentError("The time is in the past.");
  if (time > LATEST) throw new InvalidArgumentError("The time is after the year 9999.");
  return time;
}

function readTime(text: string): number | undefined {
  if (/^(?:0|[1-9]\d*)(?:\.\d+)?\s*[a-z]+$/i.test(text) && !/^\d{8,14}(?:z|utc)$/i.test(text)) {
    const duration = ms(text as StringValue);
    return Number.isFinite(duration) ? Date.now() + duration : undefined;
  }
  const [, date, time] = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?))?$/i.exec(text) ?? [];
  if (date !== undefined && time !== undefined) return dateOf(`${date}T${time.toUpperCase()}`);
  try {
    return parseExpiryTime(date?.replaceAll("-", "") ?? text);
  } catch {
    return undefined;
  }
}

function dateOf(text: string): number | undefined {
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
