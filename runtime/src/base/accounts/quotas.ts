/** What an account counts while it is held. Bytes are those of memory: of buffers, and the weight of decoded values. */
export type Resource = "connections" | "calls" | "bytes";

/** The most of each resource that may be held at once; absent: no limit. */
export type Quotas = { readonly [R in Resource]?: number | undefined };

/** Who a limit is for. */
export type AccountLevel = "connection" | "key" | "server";

/** Why an account does not grant what was asked for. */
export interface Excess {
  readonly resource: Resource | "rate";
  readonly level: AccountLevel;
  /** What is granted at most. */
  readonly limit: number;
  /** Milliseconds after which another try may succeed. */
  readonly retryAfter: number;
}

/** Milliseconds after which to try again for what others hold: when they give it back is unknown. */
export const RETRY_AFTER = 1000;
