import { OptionError } from "./check-options.js";
import { wrongNumber } from "./wrong-type.js";

/** The maximum delay of a timer in Node, in ms: 24.8 days. */
export const MAX_TIMEOUT = 2 ** 31 - 1;

/**
 * Checks the value of an integer option, and returns it.
 * @throws OptionError that names the option, its value, and its range
 */
export function checkNumber(option: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;
  throw new OptionError(`option ${option}: ${wrongNumber(value, `an integer ${range}`)}`);
}
