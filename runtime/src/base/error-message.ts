/**
 * The message of a thrown value, which may be a string or any other value. Never throws, even if a getter or `toString` of
 * the value does.
 */
export function errorMessage(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.message) : String(thrown);
  } catch {
    return "the thrown value cannot be converted to a string";
  }
}
