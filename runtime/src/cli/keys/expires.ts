import { InvalidArgumentError } from "commander";
import ms, { type StringValue } from "ms";
import { parseExpiryTime } from "../../ssh/keys/format/expiry-time.js";

/** expiry-time has four digits for the year. */
const LATEST = Date.UTC(9999, 11, 31);

/**
 * Reads when a key expires, as milliseconds since 1970: a duration from now such as `12h` or `90d`, a date such as
 * `2030-12-31` (its first moment here) or `2030-12-31T12:00Z`, or a time as `expiry-time` has it.
 */
export function parseExpires(text: string): number {
  const time = readTime(text);
  if (time === undefined) throw new InvalidArgumentError("It is such as 12h, 90d, 2030-12-31 or 2030-12-31T12:00Z.");
  if (time <= Date.now()) throw new InvalidArgumentError("It is past.");
  if (time > LATEST) throw new InvalidArgumentError("It is after the year 9999.");
  return time;
}

function readTime(text: string): number | undefined {
  if (/^\d+(?:\.\d+)?\s*[a-z]+$/i.test(text) && !/^\d{8,14}(?:z|utc)$/i.test(text)) {
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
