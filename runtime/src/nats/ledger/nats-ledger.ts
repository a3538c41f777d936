import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { NatsConnection } from "@nats-io/transport-node";
import { errorMessage } from "../../base/error-message.js";
import type { Logger } from "../../base/log.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { Ledger, LedgerCall, LedgerEntry } from "../../server/ledger/ledger.js";
import type { LedgerBounds } from "../../server/ledger/ledger-room.js";
import { AwaitedOutcomes } from "./awaited-outcomes.js";
import type { LedgerBucket, Revised, StoredCall } from "./ledger-bucket.js";
import { LedgerOwner } from "./ledger-owner.js";
import { NatsEntry } from "./nats-entry.js";
import { OwnEntries } from "./own-entries.js";

/** Milliseconds for the bucket to take a call; then the call is refused. */
const BEGIN_TIMEOUT = 5000;

/** Milliseconds between attempts, and after which a refused caller is asked to try again. */
const RETRY_AFTER = 100;
const CALL_AGAIN = 1000;

/** Milliseconds for the outcomes of the last calls at the close. */
const CLOSE_TIMEOUT = 5000;

/** What a {@link NatsLedger} is made of. */
interface NatsLedgerConfig {
  readonly id: string;
  readonly keeps: number;
  readonly bucket: LedgerBucket;
  /** The subject of a key of the bucket is behind it. */
  readonly subject: string;
  readonly nats: NatsConnection;
  readonly bounds: LedgerBounds;
  readonly log: Logger;
}

/** A ledger in a bucket of NATS, which several servers share. */
export class NatsLedger implements Ledger {
  readonly id: string;
  readonly keeps: number;
  readonly #config: NatsLedgerConfig;
  readonly #owner: LedgerOwner;
  readonly #own: OwnEntries;
  readonly #awaited: AwaitedOutcomes;
  /** Writes that go on although their caller has been answered. */
  readonly #pending = new Set<Promise<void>>();
  readonly #closed = new AbortController();

  constructor(config: NatsLedgerConfig) {
    const { id, keeps, bounds, nats, bucket, subject } = config;
    this.id = id;
    this.keeps = keeps;
    this.#config = config;
    this.#owner = new LedgerOwner(nats, id);
    this.#own = new OwnEntries(bounds, keeps);
    this.#awaited = new AwaitedOutcomes({ nats, bucket, owner: this.#owner, subject });
  }

  async begin(call: LedgerCall): Promise<LedgerEntry> {
    const { bucket } = this.#config;
    const place = placeOf(call);
    const entry = { identity: call.identity, key: call.key, place };
    try {
      this.#own.add(entry);
    } catch (full) {
      const found = await this.#within(() => bucket.get(place));
      if (found === undefined || isFree(found, call)) throw full;
      return this.#known(found, call, place);
    }
    const run = this.#owner.begin();
    const value: StoredCall = { digest: call.digest, owner: this.#owner.id, run };
    const drop = (): void => {
      this.#own.remove(entry);
      this.#owner.end(run);
    };
    const taken = (revision: number): NatsEntry => {
      const { log } = this.#config;
      const ended = (bytes: number, last: number | undefined): void => this.#own.end(entry, bytes, last);
      const config = { bucket, nats: this.#config.nats, log, keeps: this.keeps, closed: this.#closed.signal };
      const free = (): Promise<void> => this.#abandon(place, run);
      return new NatsEntry({
        ...{ ...config, place, value, run, revision, ended, drop, free },
        ...{ owner: this.#owner, go: this.#go },
      });
    };
    try {
      return await this.#within(async () => {
        for (;;) {
          const created = await bucket.create(place, value);
          if (created !== undefined) return taken(created);
          const found = await bucket.get(place);
          if (found === undefined) continue;
          // An earlier attempt was stored, and its answer lost.
          if ("run" in found.value && found.value.run === run) return taken(found.revision);
          if (!isFree(found, call)) {
            drop();
            return this.#known(found, call, place);
          }
          const replaced = await bucket.update(place, value, found.revision);
          if (replaced !== undefined) return taken(replaced);
        }
      });
    } catch (error) {
      this.#go(this.#abandon(place, run).finally(drop));
      throw error;
    }
  }

  forget(identity: string, keys: readonly string[]): void {
    for (const key of keys) {
      // The bucket drops it in any case, only later.
      for (const { place, revision } of this.#own.forget(identity, key))
        this.#go(this.#config.bucket.remove(place, revision).catch(() => undefined));
    }
  }

  async close(): Promise<void> {
    const pending = Promise.allSettled([...this.#pending]);
    await Promise.race([pending, sleep(CLOSE_TIMEOUT, undefined, { ref: false })]);
    this.#closed.abort();
    this.#awaited.close();
    this.#own.close();
    this.#owner.close();
  }

  readonly #go = (work: Promise<void>): void => {
    const settled = work.catch(() => undefined).finally(() => this.#pending.delete(settled));
    this.#pending.add(settled);
  };

  #known({ value }: Revised, call: LedgerCall, place: string): LedgerEntry {
    if (value.digest !== call.digest) return { state: "conflict" };
    if ("outcome" in value) return { state: "recorded", outcome: value.outcome };
    if ("interrupted" in value) return { state: "interrupted" };
    return { state: "running", outcome: this.#awaited.of(place, value) };
  }

  /** A call that was refused must not look as if it ran: it may be stored later, when NATS is back. */
  async #abandon(place: string, run: string): Promise<void> {
    const end = performance.now() + this.keeps;
    while (performance.now() < end && !this.#closed.signal.aborted) {
      try {
        const found = await this.#config.bucket.get(place);
        if (found && "run" in found.value && found.value.run === run)
          await this.#config.bucket.remove(place, found.revision);
        return;
      } catch {
        await sleep(RETRY_AFTER, undefined, { ref: false });
      }
    }
  }

  /** @throws RpcError that says why the call is not run */
  async #within<T>(attempt: () => Promise<T>): Promise<T> {
    const { bucket, log } = this.#config;
    const end = performance.now() + BEGIN_TIMEOUT;
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (error instanceof RpcError) throw error;
        const details = { retryAfter: CALL_AGAIN };
        if (bucket.isFull(error))
          throw new RpcError("RESOURCE_EXHAUSTED", "the ledger of the server is full, so the call is not run", {
            details,
          });
        if (performance.now() + RETRY_AFTER < end) {
          await sleep(RETRY_AFTER);
          continue;
        }
        log.warn({ reason: errorMessage(error) }, "the ledger on NATS does not answer");
        throw new RpcError("RESOURCE_EXHAUSTED", "the ledger of the server does not answer, so the call is not run", {
          details,
        });
      }
    }
  }
}

/** Whether the call may take the place of what the bucket has. */
function isFree({ value }: Revised, { digest, rerun }: LedgerCall): boolean {
  return rerun && "interrupted" in value && value.digest === digest;
}

/** The key of a call in the bucket. NATS restricts their characters, and shows them in its monitoring. */
function placeOf({ identity, key, method }: LedgerCall): string {
  return [identity, key, method]
    .map((text) => createHash("sha256").update(text).digest("base64url").slice(0, 22))
    .join(".");
}
