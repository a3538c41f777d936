import type { KeyGrant } from "../../keys/lists/key-lookup.js";

/** Somebody who tries to log in. Nothing about them is proven yet. */
export interface LoginAttempt {
  /** The user name that they ask for. */
  readonly user: string;
  /** Where the connection came from, such as `192.0.2.7:50122`. */
  readonly address: string;
  /** Aborts when the answer is not waited for any more: the connection ended, or the time is up. */
  readonly signal: AbortSignal;
}

/** What somebody gets who has logged in without a key. */
export type LoginGrant = Omit<KeyGrant, "touchRequired" | "verifyRequired">;
