// The runtime has the same function, but its public entries do not export it.
/** The message of a thrown value, which can be of any type. It never throws, even if a getter or `toString` of the value does. */
export function errorMessage(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.message) : String(thrown);
  } catch {
    return "a value without a printable text was thrown";
  }
}
