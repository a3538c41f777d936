/**
 * Whether the transport takes more. Streams wait here before each item, so that what is on its way to a slow peer stays
 * bounded however many streams there are; small messages pass.
 */
export class WriteGate {
  #full = false;
  readonly #waiting = new Set<() => void>();

  /** Whether an item should wait. */
  get full(): boolean {
    return this.#full;
  }

  /** Calls `proceed` once when there is room again, or when the connection has ended. */
  wait(proceed: () => void): void {
    this.#waiting.add(proceed);
  }

  /** Forgets what {@link wait} was told. */
  forget(proceed: () => void): void {
    this.#waiting.delete(proceed);
  }

  /** The transport has as much as it should have. */
  fill(): void {
    this.#full = true;
  }

  /** The transport takes more. */
  drain(): void {
    this.#full = false;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const proceed of waiting) proceed();
  }
}
