/** Bytes of items that may be prepared at the same time, as far as the size of earlier ones tells: as many as a transport buffers. */
const PREPARED = 256 * 1024;

/** Streams that may always prepare an item at the same time. */
const FEWEST = 4;

/** The size of an item before any was sent: large, because smaller ones soon lower the average. The weight of each one in it. */
const TYPICAL = 16 * 1024;
const WEIGHT = 1 / 8;

/**
 * Backpressure of the transport. Each stream waits here before it prepares and sends an item, so that the data in flight to a
 * slow peer, and the work for it, is bounded for any number of streams; other messages do not wait.
 *
 * Streams that begin or have waited take turns, first come first served: of a thousand streams with large items that begin at
 * once, only a few produce one before the transport is full. A turn ends when its item is sent, or at the end of this turn of the
 * event loop, because a source may take any time for its next item.
 */
export class WriteGate {
  #full = false;
  readonly #waiting = new Set<(turn: number) => void>();
  /** How many turns are taken, and the number of this generation: older turns have ended. */
  #taken = 0;
  #generation = 1;
  /** The average size of the items of turns. */
  #average = TYPICAL;
  #timer: NodeJS.Immediate | undefined;

  /** Whether an item should wait. */
  get full(): boolean {
    return this.#full;
  }

  /** Takes a turn; 0 if the caller has to {@link wait} for one. */
  enter(): number {
    if (this.#full || this.#waiting.size > 0 || !this.#hasTurn()) return 0;
    this.#taken += 1;
    return this.#generation;
  }

  /** Whether a turn has not ended. */
  isCurrent(turn: number): boolean {
    return turn === this.#generation;
  }

  /**
   * Ends a turn.
   * @param sent bytes of its item, if one was sent
   */
  leave(turn: number, sent?: number): void {
    if (sent !== undefined) this.#average += (sent - this.#average) * WEIGHT;
    if (turn !== this.#generation) return;
    this.#taken -= 1;
    if (this.#waiting.size > 0) this.#admit();
  }

  /** Calls `proceed` once with a turn, when the transport accepts more and it is the caller's turn. */
  wait(proceed: (turn: number) => void): void {
    this.#waiting.add(proceed);
    this.#admit();
  }

  /** Removes a callback of {@link wait}. */
  forget(proceed: (turn: number) => void): void {
    this.#waiting.delete(proceed);
  }

  /** The transport's buffer is full. */
  fill(): void {
    this.#full = true;
  }

  /** The transport accepts more. */
  drain(): void {
    this.#full = false;
    this.#admit();
  }

  #admit(): void {
    if (this.#full) return;
    for (const proceed of this.#waiting) {
      if (!this.#hasTurn()) break;
      this.#taken += 1;
      this.#waiting.delete(proceed);
      proceed(this.#generation);
    }
    if (this.#waiting.size > 0) this.#timer ??= setImmediate(this.#expire);
  }

  #hasTurn(): boolean {
    return this.#taken < FEWEST || this.#taken * this.#average < PREPARED;
  }

  readonly #expire = (): void => {
    this.#timer = undefined;
    this.#generation += 1;
    this.#taken = 0;
    this.#admit();
  };
}
