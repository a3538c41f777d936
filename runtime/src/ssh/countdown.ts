/** Counts milliseconds down, and stands still when it is told to: while a person is asked, say. */
export class Countdown {
  /** What it began with. */
  readonly total: number;
  #left: number;
  #since = 0;
  #timer: NodeJS.Timeout | undefined;
  #elapsed: () => void = () => {};

  constructor(total: number) {
    this.total = total;
    this.#left = total;
  }

  /** Counts on from where it stands. `elapsed` is called when nothing is left. */
  start(elapsed: () => void): void {
    this.stop();
    this.#elapsed = elapsed;
    this.#since = performance.now();
    this.#timer = setTimeout(elapsed, this.#left);
  }

  /** Stands still. */
  stop(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#left = Math.max(0, this.#left - (performance.now() - this.#since));
  }

  /** Stands still until `wait` is settled, if it was counting, and gives what that gives. */
  async pauseFor<T>(wait: Promise<T>): Promise<T> {
    const wasCounting = this.#timer !== undefined;
    this.stop();
    try {
      return await wait;
    } finally {
      if (wasCounting && this.#timer === undefined) this.start(this.#elapsed);
    }
  }
}
