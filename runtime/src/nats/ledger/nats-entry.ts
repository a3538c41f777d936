import { setTimeout as sleep } from "node:timers/promises";
import type { NatsConnection } from "@nats-io/transport-node";
import { errorMessage } from "../../base/error-message.js";
import type { Logger } from "../../base/log.js";
import type { LedgerOutcome, NewEntry } from "../../server/ledger/ledger.js";
import type { LedgerBucket, StoredCall } from "./ledger-bucket.js";
import type { LedgerOwner } from "./ledger-owner.js";

/** Milliseconds that the caller waits for its outcome to be stored. */
const RECORD_TIMEOUT = 5000;

/** Milliseconds between attempts. */
const RETRY_AFTER = 250;

/** Bytes of a message beside its value: subject and headers. */
const MESSAGE_OVERHEAD = 1024;

interface NatsEntryConfig {
  readonly bucket: LedgerBucket;
  readonly nats: NatsConnection;
  readonly log: Logger;
  readonly keeps: number;
  readonly owner: LedgerOwner;
  readonly place: string;
  /** What the bucket has while the call runs. */
  readonly value: StoredCall;
  readonly run: string;
  readonly revision: number;
  readonly closed: AbortSignal;
  /** The outcome of so many bytes has this revision; undefined where it is not known to be stored. */
  readonly ended: (bytes: number, revision: number | undefined) => void;
  /** The call did not run. */
  readonly drop: () => void;
  /** Removes what the bucket has of it, also if NATS is away at first. */
  readonly free: () => Promise<void>;
  /** Waits for work at the close of the ledger. */
  readonly go: (work: Promise<void>) => void;
}

/** A call that runs on this server. */
export class NatsEntry implements NewEntry {
  readonly state = "new";
  readonly #config: NatsEntryConfig;
  #revision: number;
  #maxPayload: number;
  /** Writes follow each other, since each names the revision of the one before. */
  #last: Promise<void> = Promise.resolve();
  readonly #refresh: NodeJS.Timeout;
  /** Its outcome waits to be stored. */
  #isEnding = false;

  constructor(config: NatsEntryConfig) {
    this.#config = config;
    this.#revision = config.revision;
    this.#maxPayload = config.nats.info?.max_payload ?? Number.POSITIVE_INFINITY;
    // The bucket drops what is not written for the time that outcomes are kept: a call that runs longer writes itself again.
    this.#refresh = setInterval(() => {
      this.#last = this.#last.then(() => this.#touch());
    }, config.keeps / 3).unref();
  }

  async record(ended: LedgerOutcome | "interrupted"): Promise<void> {
    clearInterval(this.#refresh);
    this.#isEnding = true;
    const { ended: count, go, owner, run } = this.#config;
    const value = this.#valueOf(ended);
    const stored = this.#last.then(async () => {
      const revision = await this.#store(value);
      owner.end(run);
      count(JSON.stringify(value).length, revision);
    });
    go(stored);
    await Promise.race([stored, sleep(RECORD_TIMEOUT, undefined, { ref: false })]);
  }

  release(): void {
    clearInterval(this.#refresh);
    this.#isEnding = true;
    const { drop, free, go } = this.#config;
    go(this.#last.then(free).finally(drop));
  }

  #valueOf(ended: LedgerOutcome | "interrupted"): StoredCall {
    const { value, nats, log } = this.#config;
    const { digest } = value;
    if (ended === "interrupted") return { digest, interrupted: true };
    const stored: StoredCall = { digest, outcome: ended };
    // Unknown while NATS is away.
    this.#maxPayload = nats.info?.max_payload ?? this.#maxPayload;
    const max = this.#maxPayload - MESSAGE_OVERHEAD;
    const size = Buffer.byteLength(JSON.stringify(stored));
    if (size <= max) return stored;
    log.warn({ bytes: size, max }, "an outcome exceeds max_payload of NATS: repeats of its call get INTERRUPTED");
    return { digest, interrupted: true };
  }

  /** Writes the running call again: without it, the bucket would drop the call, and a repeat would run beside it. */
  async #touch(): Promise<void> {
    const { bucket, place, value, keeps, closed, run } = this.#config;
    const end = performance.now() + (2 * keeps) / 3;
    while (performance.now() < end && !closed.aborted && !this.#isEnding) {
      try {
        const revision = await bucket.update(place, value, this.#revision);
        if (revision !== undefined) {
          this.#revision = revision;
          return;
        }
        const found = await bucket.get(place);
        if (!(found && "run" in found.value && found.value.run === run)) return;
        // An earlier attempt was stored, and its answer lost.
        this.#revision = found.revision;
      } catch {
        await sleep(RETRY_AFTER, undefined, { ref: false });
      }
    }
  }

  /** Returns the revision; undefined where another server has written since, or NATS stays away. */
  async #store(value: StoredCall): Promise<number | undefined> {
    const { bucket, place, closed, keeps, log, run } = this.#config;
    const end = performance.now() + keeps;
    const text = JSON.stringify(value);
    while (performance.now() < end && !closed.aborted) {
      try {
        const revision = await bucket.update(place, value, this.#revision);
        if (revision !== undefined) return revision;
        const found = await bucket.get(place);
        // An earlier attempt was stored, and its answer lost.
        if (found && JSON.stringify(found.value) === text) return found.revision;
        if (!(found && "run" in found.value && found.value.run === run)) break;
        this.#revision = found.revision;
      } catch (error) {
        log.debug({ reason: errorMessage(error) }, "an outcome is not stored yet");
        await sleep(RETRY_AFTER, undefined, { ref: false });
      }
    }
    log.warn({ place }, "an outcome is not kept: its call was taken for interrupted, or NATS was away for too long");
    return undefined;
  }
}
