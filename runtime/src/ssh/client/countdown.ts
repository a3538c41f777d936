/** Counts milliseconds down, and stands still when it is told to: while a person is asked, say. */
export class Countdown {
  /** What it began with. */
  readonly total: number;
  #left: number;
  #since = 0;
  #timer: NodeJS.Timeout | undefined;
  #elapsed: (() => void) | undefined;
  #waits = 0;

  constructor(total: number) {
    this.total = total;
    this.#left = total;
  }

  /** Counts on from where it stands. `elapsed` is called when nothing is left; what was to be called before is not. */
  start(elapsed: () => void): void {
    this.#halt();
    this.#elapsed = elapsed;
    this.#run();
  }

  /** Stands still until it is started again. */
  stop(): void {
    this.#halt();
    this.#elapsed = undefined;
  }

  /** Stands still until `wait` is settled, and gives what that gives. */
  async pauseFor<T>(wait: Promise<T>): Promise<T> {
    this.#waits++;
    this.#halt();
    try {
      return await wait;
    } finally {
      this.#waits--;
      this.#run();
    }
  }

  #run(): void {
    if (this.#waits > 0 || this.#timer !== undefined || this.#elapsed === undefined) return;
    this.#since = performance.now();
    this.#timer = setTimeout(this.#elapsed, this.#left);
  }

  #halt(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#left = Math.max(0, this.#left - (performance.now() - this.#since));
  }
}
