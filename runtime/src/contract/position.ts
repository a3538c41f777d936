/** Bytes of the longest position of a stream, as UTF-8. */
export const MAX_POSITION = 512;

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Why a value cannot be the position of an item in a stream; undefined if it can. */
export function positionProblem(value: unknown): string | undefined {
  if (typeof value !== "string") return `a position must be a string, not ${value === null ? "null" : typeof value}`;
  if (value === "") return "a position must not be empty";
  const size = Buffer.byteLength(value);
  if (size > MAX_POSITION) return `a position of ${size} bytes; the limit is ${MAX_POSITION}`;
  return LONE_SURROGATE.test(value)
    ? "a position must be well-formed Unicode: it has half of a surrogate pair"
    : undefined;
}
