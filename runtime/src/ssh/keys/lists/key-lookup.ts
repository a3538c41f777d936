import type { Logger } from "../../../base/log.js";
import type { PeerPermissions } from "../../../base/peer.js";
import type { PublicKey } from "../format/public-key.js";
import type { UnknownScopes } from "./unknown-scopes.js";

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
  /** The instant after which it counts no more, in milliseconds since 1970: connections are ended then. Default: never. */
  readonly expires?: number;
  /** What connections of the key may do beside calls. Default: whatever the server allows. */
  readonly permissions?: PeerPermissions;
  /** Environment variables that each session of the key begins with. Default: none. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether a signature of a hardware key (`sk-…`) must tell of a touch. Default: true. */
  readonly touchRequired?: boolean;
  /** Whether it must tell that the user was verified, by a PIN or a fingerprint. Default: false. */
  readonly verifyRequired?: boolean;
}

/** A key that is known, and not let in all the same. */
export interface KeyRefusal {
  /** Why, in one line for the log alone. */
  readonly deny: string;
}

/** What is known of a key; undefined where nothing is, which refuses it too. */
export type KeyAnswer = KeyGrant | KeyRefusal | undefined;

/**
 * Decides whether a key may log in; undefined refuses it. It is asked before the key proves itself, again with the
 * proof, and perhaps later of a connection that is open, so it must change nothing. A rejection refuses the key, and is
 * logged.
 */
export type KeyLookup = (attempt: KeyAttempt) => KeyAnswer | Promise<KeyAnswer>;

/** A key whose signature makes certificates: a line with `cert-authority`. Its grant is that of its certificates. */
export interface KeyAuthority extends KeyGrant {
  /**
   * A certificate must name one of these. Absent: it must name the user that asks to log in.
   */
  readonly principals?: readonly string[];
}

/** Where a server looks keys up. Whoever made it closes it. */
export interface KeySource {
  /** What the key of an attempt gets; its limits, such as `from` and `expiry-time`, are applied already. */
  readonly lookup: KeyLookup;
  /**
   * What the certificates of an authority get, given as the `key` of the attempt; user and address are those of the
   * certificate's holder. Each line that lists the authority, and whose own limits allow the attempt, in their order.
   */
  readonly authorities: (attempt: KeyAttempt) => readonly KeyAuthority[] | Promise<readonly KeyAuthority[]>;
  /** Calls `listener` when any answer may have changed, so that open connections are looked at again. Gives what stops it. */
  readonly onChange: (listener: () => void) => () => void;
  /** What an operator should know of it, found at start, one line each. */
  readonly warnings: readonly string[];
  /** Stops watching. */
  readonly close: () => void | Promise<void>;
}

/** What a source of keys needs beside its lists. */
export interface KeySourceConfig {
  readonly log: Logger;
  /** Finds grants of what no method asks for. Absent: what they ask for is not known. */
  readonly unknownScopes?: UnknownScopes;
}
