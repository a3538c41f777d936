/** A function that calls both, or the one that there is. */
export function bothCalled<T>(
  first: ((value: T) => void) | undefined,
  second: ((value: T) => void) | undefined,
): ((value: T) => void) | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return (value) => {
    first(value);
    second(value);
  };
}
