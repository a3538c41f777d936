/** What a stream's window grows to at most: as much as an ssh2 channel has on its way. */
export const MAX_WINDOW = 2 * 1024 * 1024;

/**
 * The bytes by which the windows of a connection's streams may grow, all together. A stream begins with a small window,
 * so that a thousand idle ones hold little; one whose consumer keeps up gets more from here.
 */
export class WindowBudget {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Takes so many bytes; false where there are not as many. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  /** Gives back what was taken. */
  give(bytes: number): void {
    this.#left += bytes;
  }
}
