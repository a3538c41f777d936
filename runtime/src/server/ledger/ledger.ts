import type { StatusName } from "../../contract/status.js";

/** What a call ended with, as its repeats get it. */
export interface LedgerOutcome {
  readonly status: StatusName;
  /** The number of the status; a handler may choose one without a name. */
  readonly code: number;
  /** The encoded headers of the response, if the handler has set some. */
  readonly headers?: string | undefined;
  /** The encoded response or error. */
  readonly body: string;
  /** The encoded trailers, if the handler has set some. */
  readonly trailers?: string | undefined;
}

/** A call with an idempotency key, before its handler runs: authorized and validated. */
export interface LedgerCall {
  /** What the login of the caller has proven: a certificate (by its key id), a key, a user, or an address. */
  readonly identity: string;
  /** The id of the method, such as `STORE /orders`. */
  readonly method: string;
  /** 1 to 255 printable ASCII characters. */
  readonly key: string;
  /** Equal for equal requests: SHA-256 of the request. A request stream is not part of it. */
  readonly digest: string;
  /** Whether an interrupted call is run again. */
  readonly rerun: boolean;
}

/** The first call with its key: its handler is to run. */
export interface NewEntry {
  readonly state: "new";
  /**
   * Keeps what the handler has ended with; `interrupted` where it was aborted before its end, so that its effect may have been done. The
   * caller is answered once the promise is fulfilled. It never rejects.
   */
  record(ended: LedgerOutcome | "interrupted"): void | Promise<void>;
  /** The handler was not called, so the key is free. */
  release(): void;
}

/** What a ledger has for a call. */
export type LedgerEntry =
  | NewEntry
  /**
   * An earlier call with the key runs. The promise is fulfilled with its outcome; with undefined where it ended without one, interrupted or
   * released: then each call that waited begins again.
   */
  | { readonly state: "running"; readonly outcome: Promise<LedgerOutcome | undefined> }
  | { readonly state: "recorded"; readonly outcome: LedgerOutcome }
  /** An earlier call was aborted before its end, or its process ended while it ran. */
  | { readonly state: "interrupted" }
  /** An earlier call with the key had another digest. */
  | { readonly state: "conflict" };

/**
 * The calls with an idempotency key, by the identity of their caller, method and key. A ledger of your own can share them between
 * servers; its methods must be safe to be called by all of them at once.
 */
export interface Ledger {
  /** 1 to 64 characters, the same for all servers that share its entries and for as long as it keeps them. */
  readonly id: string;
  /** How long an outcome is kept after it was recorded, in ms. */
  readonly keeps: number;
  /**
   * Finds the entry of a call, or makes one, in one step.
   * @throws RpcError RESOURCE_EXHAUSTED where it has no room: entries are never removed to make some
   */
  begin(call: LedgerCall): LedgerEntry | Promise<LedgerEntry>;
  /** Removes recorded outcomes, of all methods: their caller has them. Keys that are unknown or running are ignored. */
  forget(identity: string, keys: readonly string[]): void;
  /** The server closes, and with it what it has opened. */
  close?(): Promise<void>;
}
