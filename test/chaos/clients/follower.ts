import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../unit/runtime/wire/random.js";
import type { ChaosClient } from "../generated/client.js";
import { FOLLOW } from "../history/effect.js";
import type { CallJournal } from "./call-journal.js";

/** Milliseconds before a stream that failed is followed again. */
const PAUSE = 100;

/** Follows the log of effects, at a varying pace, and now and then leaves a stream to go on with another one. */
export class Follower {
  readonly #client: ChaosClient;
  readonly #journal: CallJournal;
  readonly #random: Random;
  #last: number;
  #target = Number.POSITIVE_INFINITY;
  #leave = new AbortController();

  /** @param after the last effect that was taken before */
  constructor(client: ChaosClient, journal: CallJournal, { random, after }: { random: Random; after: number }) {
    this.#client = client;
    this.#journal = journal;
    this.#random = random;
    this.#last = after;
  }

  /** Lets `run` end once it has taken this effect. */
  finishAt(target: number): void {
    this.#target = target;
    if (this.#last >= target) this.#leave.abort();
  }

  /** @returns the last effect that it has taken */
  async run(): Promise<number> {
    while (this.#last < this.#target) {
      const status = await this.#journal.call({ method: FOLLOW }, () => this.#follow());
      if (status !== "OK") await sleep(PAUSE);
    }
    return this.#last;
  }

  /** Resolves once the stream has been left. */
  async #follow(): Promise<object> {
    const stay = 1 + this.#random.below(2000);
    this.#leave = new AbortController();
    const { signal } = this.#leave;
    const after = this.#last;
    try {
      for await (const { seq, intent } of this.#client.effects.get(
        {},
        { signal, ...(after > 0 && { resumeAfter: `${after}` }) },
      )) {
        this.#journal.taken(seq, intent);
        this.#last = seq;
        if (seq >= this.#target || seq >= after + stay) break;
        if (this.#random.below(200) === 0) await sleep(this.#random.below(1000));
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return {};
  }
}
