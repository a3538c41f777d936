import type { OptionTable } from "../check-options.js";

/** What is held of one limit of a server. */
export interface LimitUsage {
  readonly resource: "connections" | "calls" | "bytes";
  readonly held: number;
  readonly limit: number;
}

/** What an account counts while it is held. Bytes are those of memory: of buffers, and the weight of decoded values. */
export type Resource = "connections" | "calls" | "callbacks" | "bytes";

/** The most of each resource that may be held at once; absent: no limit. */
export type Quotas = { readonly [R in Resource]?: number | undefined };

/** What is held of each resource. */
export type Held = Readonly<Record<Resource, number>>;

/** Before anything is taken. */
export const HOLDS_NOTHING: Held = { connections: 0, calls: 0, callbacks: 0, bytes: 0 };

/** The limits of one key, over all its connections. */
export interface KeyQuotas {
  /** Open connections. Default: half of `maxConnections`. */
  readonly connections?: number | undefined;
  /** Concurrent calls. Default: no limit but `limits.serverCalls`, which the keys share. */
  readonly calls?: number | undefined;
  /**
   * Calls without an answer that handlers have made for its calls, of clients through `ctx.callbacks` and `ctx.clients`. Over it:
   * RESOURCE_EXHAUSTED, for the handler. Default: 4,096.
   */
  readonly callbacks?: number | undefined;
  /** Bytes of memory that its calls may hold. Default: no limit but `limits.serverBytes`, which the keys share. */
  readonly bytes?: number | undefined;
  /** Calls that it may begin per second; as many may begin at once after a second without calls. Default: no limit. */
  readonly rate?: number | undefined;
}

/** The known fields of {@link KeyQuotas}. */
export const KEY_QUOTAS = {
  connections: true,
  calls: true,
  callbacks: true,
  bytes: true,
  rate: true,
} satisfies OptionTable<KeyQuotas>;

/** Who a limit is for: `grant` is a key with limits of its own, as of its line in authorized_keys. */
export type AccountLevel = "connection" | "key" | "grant" | "server";

/** Why an account does not grant what was asked for. */
export interface Excess {
  readonly resource: Resource | "rate";
  readonly level: AccountLevel;
  /** What is granted at most; at the level of a server, by all keys together. */
  readonly limit: number;
  /** What was asked for. */
  readonly amount: number;
  /** Milliseconds after which another try may succeed; Infinity if the amount alone is over the limit. */
  readonly retryAfter: number;
}

/** Milliseconds after which to try again for what others hold: when they give it back is unknown. */
const RETRY_AFTER = 1000;

/** The {@link Excess} of an amount that may be granted once others have given theirs back. */
export function overLimit(resource: Resource, level: AccountLevel, limit: number, amount: number): Excess {
  return { resource, level, limit, amount, retryAfter: amount > limit ? Number.POSITIVE_INFINITY : RETRY_AFTER };
}
