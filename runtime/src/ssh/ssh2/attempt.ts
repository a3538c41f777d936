/** Says something by ssh2, which throws where its connection has come to its end already: nobody is left to hear it then. */
export function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // See above.
  }
}
