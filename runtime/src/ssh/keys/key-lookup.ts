import type { PublicKey } from "./public-key.js";

/** A key that asks to log in. Nothing about it is proven yet. */
export interface KeyAttempt {
  /** The user name that it asks for. */
  readonly user: string;
  readonly key: PublicKey;
  /** Where the connection came from, such as `192.0.2.7:50122`. */
  readonly address: string;
}

/** What a listed key gets once it has proven itself. */
export interface KeyGrant {
  /** What people call the key; it becomes the peer's `keyName`. */
  readonly keyName?: string;
  /** What it may do: scopes, or patterns such as `notes:*` and `*`. */
  readonly scopes: readonly string[];
}

/**
 * Decides whether a key may log in; undefined refuses it. It is asked before the key proves itself, and again with the
 * proof, so it must change nothing. A rejection refuses the key, and is logged.
 */
export type KeyLookup = (attempt: KeyAttempt) => KeyGrant | undefined | Promise<KeyGrant | undefined>;
