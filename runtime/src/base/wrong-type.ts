/** A value of a wrong type, for messages: `null`, `undefined`, `the number 5`, `an object`. Text may be secret. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "number") return `the number ${value}`;
  return `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
}
