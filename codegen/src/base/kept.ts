/** The result for `input`, which never changes: that of an earlier call, or else a new one, which `results` keeps. */
export function kept<Input extends object, Result>(
  results: WeakMap<Input, Result>,
  input: Input,
  compute: (input: Input) => Result,
): Result {
  const known = results.get(input);
  if (known !== undefined) return known;
  const result = compute(input);
  results.set(input, result);
  return result;
}
