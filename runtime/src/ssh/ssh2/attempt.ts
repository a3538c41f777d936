/** Calls ssh2 and ignores the error that it throws once the connection has ended: no reply can reach the peer then. */
export function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // See above.
  }
}
