/** The maximum credit of a stream; more is a bug, or an attempt to overflow a counter. */
export const MAX_CREDIT = 0x7fff_ffff;

/** The largest window that a stream grows to: as much as an ssh2 channel has in flight. */
export const MAX_WINDOW = 2 * 1024 * 1024;

/**
 * The bytes by which the windows of a connection's streams may grow together. A stream starts with a small window, so that
 * a thousand idle ones buffer little; a stream whose consumer keeps up takes more from here.
 */
export class WindowBudget {
  #available: number;

  constructor(bytes: number) {
    this.#available = bytes;
  }

  /** Takes this many bytes; false if fewer are available. */
  take(bytes: number): boolean {
    if (bytes > this.#available) return false;
    this.#available -= bytes;
    return true;
  }

  /** Returns bytes that were taken. */
  give(bytes: number): void {
    this.#available += bytes;
  }
}
