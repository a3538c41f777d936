import { printable } from "../../../base/printable.js";

/**
 * Parses a time of the option `expiry-time`: `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`, in the time zone of this machine,
 * or in UTC with the suffix `Z` or `UTC`. Returns milliseconds since 1970.
 * @throws Error of one line for an invalid time. 31 February is invalid, although sshd reads it as 3 March.
 */
export function parseExpiryTime(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z|UTC)?$/i.exec(text);
  if (match === null) throw invalid(text);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const parts = [year, month - 1, day, hour, minute, second] as const;
  const utc = new Date(Date.UTC(...parts));
  // An overflow, such as 31 February, changes the date.
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

/** Formats an instant for `expiry-time`, in UTC: `20301231235959Z`. Milliseconds are dropped. */
export function formatExpiryTime(time: number): string {
  return new Date(time).toISOString().replace(/[-:T]|\.\d+/g, "");
}

function invalid(text: string): Error {
  return new Error(
    `invalid time "${printable(text, 40)}"; it takes a time such as 20301231, 203012312359 or 20301231235959Z`,
  );
}
