import type { OutgoingCall } from "./outgoing-call.js";

/** Calls that wait for a place, in the order in which they came. Each may leave before its turn. */
export class CallQueue {
  readonly #calls = new Set<OutgoingCall>();
  /** Goes through the queue once: to begin at its front each time would pass over all that has left it. */
  #front: Iterator<OutgoingCall> = this.#calls.values();

  /** How many wait. */
  get size(): number {
    return this.#calls.size;
  }

  /** Lets the call wait behind all others. */
  add(call: OutgoingCall): void {
    this.#calls.add(call);
  }

  /** Takes the call out, whose caller has given it up; tells whether it was there. */
  forget(call: OutgoingCall): boolean {
    return this.#calls.delete(call);
  }

  /** Takes out the call that has waited longest; undefined where none waits. */
  take(): OutgoingCall | undefined {
    if (this.#calls.size === 0) return undefined;
    let front = this.#front.next();
    if (front.done === true) {
      // It had reached the end before this call came: it must begin again.
      this.#front = this.#calls.values();
      front = this.#front.next();
    }
    const call = front.value as OutgoingCall;
    this.#calls.delete(call);
    return call;
  }

  /** Takes out all of them. */
  clear(): readonly OutgoingCall[] {
    const calls = [...this.#calls];
    this.#calls.clear();
    return calls;
  }
}
