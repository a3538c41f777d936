import type { KV } from "@nats-io/kv";
import type { LedgerOutcome } from "../../server/ledger/ledger.js";

/** What the bucket has for a call. */
export type StoredCall = { readonly digest: string } & (
  | { readonly owner: string; readonly run: string }
  | { readonly outcome: LedgerOutcome }
  | { readonly interrupted: true }
);

/** A value with its revision, which the next write must name. */
export interface Revised {
  readonly value: StoredCall;
  readonly revision: number;
}

type JetStream = typeof import("@nats-io/jetstream");

/** Codes of JetStream for a write whose revision is not the last one. */
const CONFLICTS = new Set([10071, 10164]);

/** Codes of JetStream for a store that is full. */
const FULL = new Set([10023, 10047, 10077]);

/** The calls in a bucket. Writes name the revision that they replace, so that of two servers one is refused. */
export class LedgerBucket {
  readonly #kv: KV;
  readonly #jetstream: JetStream;

  constructor(kv: KV, jetstream: JetStream) {
    this.#kv = kv;
    this.#jetstream = jetstream;
  }

  /** Returns the revision; undefined if the bucket has a value already. */
  create(key: string, value: StoredCall): Promise<number | undefined> {
    return this.#unlessConflict(() => this.#kv.create(key, JSON.stringify(value)));
  }

  /** Returns the new revision; undefined if `revision` is not the last one. */
  update(key: string, value: StoredCall, revision: number): Promise<number | undefined> {
    return this.#unlessConflict(() => this.#kv.update(key, JSON.stringify(value), revision));
  }

  /** Removes a value, unless it has been replaced. */
  async remove(key: string, revision: number): Promise<void> {
    await this.#unlessConflict(() => this.#kv.purge(key, { previousSeq: revision }));
  }

  async get(key: string): Promise<Revised | undefined> {
    const entry = await this.#kv.get(key);
    if (entry === null || entry.operation !== "PUT") return undefined;
    return { value: entry.json<StoredCall>(), revision: entry.revision };
  }

  /** Whether an error says that the bucket has no room. */
  isFull(error: unknown): boolean {
    return error instanceof this.#jetstream.JetStreamApiError && FULL.has(error.code);
  }

  async #unlessConflict<T>(write: () => Promise<T>): Promise<T | undefined> {
    try {
      return await write();
    } catch (error) {
      if (error instanceof this.#jetstream.JetStreamApiError && CONFLICTS.has(error.code)) return undefined;
      throw error;
    }
  }
}
