/**
 * The value of an option that takes a whole number.
 * @throws Error that names the option, its value, and what it takes
 */
export function checkNumber(option: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Error(`the option ${option} is ${value}; it takes a whole number from ${min} to ${max}`);
}
