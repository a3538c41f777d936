import { printable } from "../../../base/printable.js";

/**
 * Reads a time as OpenSSH writes it for `expiry-time`: `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`, in the time zone
 * of this machine, or in UTC where a `Z` or `UTC` follows. Gives milliseconds since 1970.
 * @throws Error of one line without the place, where it is none. A day that its month does not have is none, though
 * sshd takes 31 February for 3 March.
 */
export function parseExpiryTime(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z|UTC)?$/i.exec(text);
  if (match === null) throw invalid(text);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const parts = [year, month - 1, day, hour, minute, second] as const;
  const utc = new Date(Date.UTC(...parts));
  // What overflowed has become another date.
  const same =
    utc.getUTCMonth() === month - 1 &&
    utc.getUTCDate() === day &&
    utc.getUTCHours() === hour &&
    minute < 60 &&
    second < 60;
  const time = match[7] === undefined ? new Date(...parts).getTime() : utc.getTime();
  if (!same || time <= 0) throw invalid(text);
  return time;
}

/** Writes an instant for `expiry-time`, in UTC: `20301231235959Z`. Its milliseconds are dropped. */
export function formatExpiryTime(time: number): string {
  return new Date(time).toISOString().replace(/[-:T]|\.\d+/g, "");
}

function invalid(text: string): Error {
  return new Error(`"${printable(text, 40)}" is no time such as 20301231, 203012312359 or 20301231235959Z`);
}
