/** The ids of the methods with effects. */
export const ENTRY = "STORE /entries";
export const PAYMENT = "STORE /payments";
export const SETTING = "UPDATE /settings/{name}";
export const UPLOAD = "STORE /uploads/{name}";
/** Not a method: two handlers of the same upload ran at the same time. */
export const OVERLAP = "overlap";
/** Those without effects. */
export const FOLLOW = "GET /effects";
export const READ = "GET /settings/{name}";

/** A line of the handlers' own record. */
export interface Effect {
  /** From 1, without a gap. */
  readonly seq: number;
  readonly method: string;
  /** See the schema: all calls with this intent shall have this effect. */
  readonly intent: string;
  /** The caller's user and idempotency key; undefined for a call without a key. */
  readonly key?: string | undefined;
  /** Of a setting. */
  readonly name?: string;
  readonly revision?: number;
  /** Of an upload. */
  readonly size?: number;
  readonly sha256?: string;
}
