import type { KeyQuotas } from "../../../base/accounts/quotas.js";
import type { Observer } from "../../../base/observer/observer.js";
import type { PeerPermissions } from "../../../base/peer.js";
import type { PublicKey } from "../format/public-key.js";
import type { UnknownScopes } from "./unknown-scopes.js";

/** A login attempt with a key, whose possession is not proven yet. */
export interface KeyAttempt {
  /** The requested user name. */
  readonly user: string;
  readonly key: PublicKey;
  /** The address of the client, such as `192.0.2.7:50122`. */
  readonly address: string;
}

/** What a key is granted once its possession is proven. */
export interface KeyGrant {
  /** The name of the key; becomes the peer's `keyName`. */
  readonly keyName?: string;
  /**
   * The name that the key proves: becomes the peer's `principal`. Default: none, except for what proves a name by itself: a
   * certificate proves the principal that it was accepted for, and a password or answers to prompts the user name.
   */
  readonly principal?: string;
  /** Scopes, or patterns such as `notes:*` and `*`. */
  readonly scopes: readonly string[];
  /** When the key expires, in milliseconds since 1970: its connections are closed then. Default: never. */
  readonly expires?: number;
  /** What connections of the key may do besides calls. Default: all that the server allows. */
  readonly permissions?: PeerPermissions;
  /** What the key may hold, over all its connections, in place of the server's option `perKey`. Default: none of its own. */
  readonly limits?: KeyQuotas;
  /** Environment variables of each session of the key. Default: none. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether signatures of a security key (`sk-…`) require a touch. Default: true. */
  readonly touchRequired?: boolean;
  /** Whether signatures of a security key require user verification, by a PIN or a fingerprint. Default: false. */
  readonly verifyRequired?: boolean;
}

/** A known key that is denied. */
export interface KeyRefusal {
  /** The reason, in one line, for the log only. */
  readonly deny: string;
}

/** The answer for a key; undefined denies an unknown key. */
export type KeyAnswer = KeyGrant | KeyRefusal | undefined;

/**
 * Decides whether a key may log in; undefined denies it. It is called before the key is proven, again with the proof, and later
 * for open connections, so it must have no side effects. A rejection denies the key, and is logged.
 */
export type KeyLookup = (attempt: KeyAttempt) => KeyAnswer | Promise<KeyAnswer>;

/** An authority for certificates: a line with `cert-authority`. Its grant applies to its certificates. */
export interface KeyAuthority extends KeyGrant {
  /**
   * A certificate must have one of these principals. Absent: the requested user name.
   */
  readonly principals?: readonly string[];
}

/** Where a server looks up keys. Its creator closes it. */
export interface KeySource {
  /** The answer for the key of an attempt, after restrictions such as `from` and `expiry-time`. */
  readonly lookup: KeyLookup;
  /**
   * The lines that list an authority, which is the `key` of the attempt, and whose restrictions allow the attempt, in order.
   * User and address are those of the client that presents the certificate.
   */
  readonly authorities: (attempt: KeyAttempt) => readonly KeyAuthority[] | Promise<readonly KeyAuthority[]>;
  /** Reads files again that have changed. A failure is in the log. */
  readonly refresh: () => Promise<void>;
  /** Calls `listener` when an answer may have changed, so that open connections are reauthorized. Returns the function that removes it. */
  readonly onChange: (listener: () => void) => () => void;
  /** Warnings for the operator, one line each. */
  readonly warnings: readonly string[];
  /** The grants of the keys that are listed; absent where a function decides. */
  readonly grants?: readonly KeyGrant[];
  /** Stops watching. */
  readonly close: () => void | Promise<void>;
}

/** The configuration of a key source, besides its lists. */
export interface KeySourceConfig {
  readonly observer: Observer;
  /** Finds granted scopes that no method requires. Absent where the methods are unknown. */
  readonly unknownScopes?: UnknownScopes;
}
