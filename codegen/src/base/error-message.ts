/**
 * The message of whatever was thrown: programs throw strings and other values, too. It never throws, also where the value has
 * getters or a `toString` that do.
 */
export function errorMessage(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.message) : String(thrown);
  } catch {
    return "a value without a printable text was thrown";
  }
}
