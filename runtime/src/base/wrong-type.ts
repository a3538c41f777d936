/** What is wrong with a value of another type than `taken`, for messages. The value itself may be secret. */
export function wrongType(value: unknown, taken: string): string {
  return `invalid type ${typeName(value)}; it takes ${taken}`;
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
