import { MAX_TIMEOUT } from "../base/check-number.js";
import { OptionError } from "../base/check-options.js";
import { wrongNumber } from "../base/wrong-type.js";

/** Grace in ms after a signal, of `sshrpc serve` and of a server over stdio. */
export const SIGNAL_GRACE = 5000;

/** Checks a time of a shutdown. @throws OptionError if it is not a number of milliseconds that a timer accepts */
export function checkGrace(grace: number, option = "grace"): number {
  if (grace >= 0 && grace <= MAX_TIMEOUT) return grace;
  throw new OptionError(`option ${option}: ${wrongNumber(grace, `a number of ms from 0 to ${MAX_TIMEOUT}`)}`);
}
