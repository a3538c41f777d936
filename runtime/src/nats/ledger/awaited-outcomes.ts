import type { NatsConnection } from "@nats-io/transport-node";
import { RpcError } from "../../contract/rpc-error.js";
import type { LedgerOutcome } from "../../server/ledger/ledger.js";
import type { LedgerBucket, StoredCall } from "./ledger-bucket.js";
import type { LedgerOwner } from "./ledger-owner.js";

/** Milliseconds between looks: the first after a write, and the longest. */
const FIRST_LOOK = 10;
const LAST_LOOK = 1000;

/** Milliseconds for which an owner must be gone: after a restart of NATS, servers come back one after the other. */
const OWNER_GRACE = 5000;

interface AwaitedConfig {
  readonly nats: NatsConnection;
  readonly bucket: LedgerBucket;
  readonly owner: LedgerOwner;
  /** The subject of a key of the bucket is behind it. */
  readonly subject: string;
}

/** Calls that run, on this server or another one, whose outcomes are waited for. */
export class AwaitedOutcomes {
  readonly #config: AwaitedConfig;
  readonly #waits = new Map<string, Promise<LedgerOutcome | undefined>>();
  /** Each makes a wait look at once. */
  readonly #wakes = new Set<() => void>();
  #isClosed = false;

  constructor(config: AwaitedConfig) {
    this.#config = config;
  }

  /** Resolves with the outcome of a run; with undefined where it ends without one. Rejects where the ledger closes. */
  of(place: string, running: StoredCall & { readonly run: string }): Promise<LedgerOutcome | undefined> {
    const name = `${place} ${running.run}`;
    const known = this.#waits.get(name);
    if (known !== undefined) return known;
    const wait = this.#wait(place, running.run).finally(() => this.#waits.delete(name));
    this.#waits.set(name, wait);
    // A caller that waits may have ended already.
    wait.catch(() => undefined);
    return wait;
  }

  /** Ends all waits. */
  close(): void {
    this.#isClosed = true;
    for (const wake of this.#wakes) wake();
  }

  async #wait(place: string, run: string): Promise<LedgerOutcome | undefined> {
    const { nats, bucket, owner, subject } = this.#config;
    let pause = FIRST_LOOK;
    let resolve: (() => void) | undefined;
    const wake = (): void => resolve?.();
    this.#wakes.add(wake);
    // A write arrives here as well as at the store, and maybe before it is there.
    const writes = nats.subscribe(`${subject}.${place}`, {
      callback: () => {
        pause = FIRST_LOOK;
        wake();
      },
    });
    let absentSince: number | undefined;
    try {
      while (!this.#isClosed) {
        const found = await bucket.get(place).catch(() => "away" as const);
        if (found === undefined) return undefined;
        if (found !== "away") {
          if ("outcome" in found.value) return found.value.outcome;
          if (!("run" in found.value) || found.value.run !== run) return undefined;
          const state = await owner.ask(found.value.owner, run);
          if (state === "absent") absentSince ??= performance.now();
          else absentSince = undefined;
          const isGone = absentSince !== undefined && performance.now() - absentSince >= OWNER_GRACE;
          if (isGone || state === "unknown") {
            const interrupted = { digest: found.value.digest, interrupted: true } as const;
            await bucket.update(place, interrupted, found.revision).catch(() => undefined);
            continue;
          }
        }
        await new Promise<void>((next) => {
          resolve = next;
          setTimeout(next, pause).unref();
        });
        pause = Math.min(pause * 2, LAST_LOOK);
      }
      throw new RpcError("UNAVAILABLE", "the server closes");
    } finally {
      writes.unsubscribe();
      this.#wakes.delete(wake);
    }
  }
}
