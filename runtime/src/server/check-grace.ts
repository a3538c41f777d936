import { MAX_TIMEOUT } from "../base/check-number.js";

/** The grace of a server that is to close. @throws Error where it is no number of milliseconds that a timer takes */
export function checkGrace(grace: number): number {
  if (grace >= 0 && grace <= MAX_TIMEOUT) return grace;
  throw new Error(`grace is ${grace}; it is in milliseconds, at most ${MAX_TIMEOUT}`);
}
