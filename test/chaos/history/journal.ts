/** A timeout in ms within which each call has its outcome, also while faults happen and the machine is busy. */
export const ENOUGH_TIME = 240_000;

/**
 * A line of a client's journal. The line of a call is written before the call is made, and that of an item once the consumer has
 * taken it. Times are milliseconds since the epoch.
 */
export type JournalLine = Begun | Connected | Called | Retried | Ended | Taken | Finished;

/** The first line: a process has started. */
export interface Begun {
  readonly e: "begin";
  readonly client: string;
  /** From 1; one more for each restart. */
  readonly generation: number;
  /** The last effect that earlier processes of this client have taken; 0 for none. */
  readonly after: number;
  readonly t: number;
}

/** A connection is open. */
export interface Connected {
  readonly e: "connect";
  readonly t: number;
}

/** The client sends a call of this method again. */
export interface Retried {
  readonly e: "retry";
  readonly method: string;
  readonly t: number;
}

export interface Called {
  readonly e: "call";
  readonly id: string;
  readonly method: string;
  /** For methods with effects. */
  readonly intent?: string;
  /** The user and the key, where the caller gives a key. */
  readonly key?: string;
  /** The only status that a response of the server may have. Default: any. */
  readonly expect?: string;
  /** In ms; undefined for none. */
  readonly timeout?: number;
  /** Whether the caller has decided to cancel it. */
  readonly cancels?: true;
  /** Of a setting. */
  readonly name?: string;
  readonly revision?: number;
  readonly t: number;
}

export interface Ended {
  readonly e: "end";
  readonly id: string;
  readonly status: string;
  readonly message?: string;
  /** Of the response. */
  readonly seq?: number;
  readonly revision?: number;
  readonly size?: number;
  readonly sha256?: string;
  readonly t: number;
}

/** The follower has taken an effect. */
export interface Taken {
  readonly e: "item";
  readonly seq: number;
  readonly intent: string;
}

/** The last line of a process that ended by itself: all of its calls have ended, and it has taken all effects up to `last`. */
export interface Finished {
  readonly e: "finish";
  readonly last: number;
  readonly t: number;
}
