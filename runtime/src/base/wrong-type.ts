/** What is wrong with a value of another type than `taken`, for messages. The value itself may be secret. */
export function wrongType(value: unknown, taken: string): string {
  return `invalid type ${typeName(value)}; it takes ${taken}`;
}

/** What is wrong with the value of a number, which is shown if it is one. */
export function wrongNumber(value: unknown, taken: string): string {
  return typeof value === "number" ? `${value} is not ${taken}` : wrongType(value, taken);
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
