import type { Effect } from "../history/effect.js";
import type { Begun, Taken } from "../history/journal.js";
import type { History } from "./history.js";
import type { Violations } from "./violations.js";

/** Each follower takes each effect once, in order, over all of its streams and processes. */
export class StreamCheck {
  readonly #violations: Violations;
  /** The last effect that each client has taken. */
  readonly #last = new Map<string, number>();
  #taken = 0;

  constructor(violations: Violations) {
    this.#violations = violations;
  }

  /** Number of effects taken, over all clients. */
  get taken(): number {
    return this.#taken;
  }

  take(client: string, line: Begun | Taken, effects: readonly Effect[]): void {
    const last = this.#last.get(client) ?? 0;
    if (line.e === "begin") {
      if (line.after !== last)
        this.#violations.add("a wrong position at a restart", `${client}: ${line.after}, not ${last}`);
      return;
    }
    this.#taken++;
    const { seq, intent } = line;
    const what = `${client}: effect ${seq} after ${last}`;
    if (seq <= last) this.#violations.add("a repeat in a stream", what);
    else if (seq > last + 1) this.#violations.add("a gap in a stream", what);
    const recorded = effects[seq - 1];
    if (recorded?.intent !== intent) {
      this.#violations.add(
        "a wrong item in a stream",
        `${client}: effect ${seq} is ${recorded?.intent}, not ${intent}`,
      );
    }
    this.#last.set(client, seq);
  }

  /** Followers that ended have taken everything. */
  end({ processes, effects }: History): void {
    const last = effects.length;
    for (const { client, finished } of processes) {
      if (finished !== undefined && (this.#last.get(client) ?? 0) < last) {
        this.#violations.add("a follower ended early", `${client}: at ${this.#last.get(client) ?? 0} of ${last}`);
      }
    }
  }
}
