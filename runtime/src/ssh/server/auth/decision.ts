import type { AuthMethod, PeerCertificate, RejectedKey } from "../../../base/peer.js";
import type { LoginGrant } from "./login-grant.js";

/** An authentication method that has succeeded, and what it grants. */
export interface VerifiedMethod {
  readonly method: AuthMethod;
  /** The fingerprint of the key that signed; with a certificate, of the certified key. */
  readonly fingerprint?: string;
  readonly certificate?: PeerCertificate;
  readonly grant: LoginGrant;
  /** Looks the grant up again after a list has changed; absent where there is nothing to look up. */
  readonly reauthorize?: () => Promise<Denial | LoginGrant>;
}

/** Why access is denied. */
export interface Denial {
  /** For the log alone. */
  readonly deny: string;
  /** The lookup failed: a login is denied, but an open connection keeps its grant. */
  readonly lookupFailed?: true;
}

/** A request that fails. */
export interface DeniedDecision extends Denial {
  readonly outcome: "denied";
  readonly rejectedKey?: RejectedKey;
}

/** The server's decision on one authentication request. */
export type Decision =
  | DeniedDecision
  /** The client has offered a key that it may sign with (SSH_MSG_USERAUTH_PK_OK). Nothing is verified yet. */
  | { readonly outcome: "key-acceptable" }
  /** The password is correct and has expired. */
  | { readonly outcome: "change-password"; readonly prompt: string }
  | { readonly outcome: "verified"; readonly verified: VerifiedMethod };

/** Denies a request, with the reason for the log. */
export function deny(reason: string, rejectedKey?: RejectedKey): DeniedDecision {
  return { outcome: "denied", deny: reason, ...(rejectedKey && { rejectedKey }) };
}

/** Denies a request because its lookup failed: the attempt does not count as the peer's failure. */
export function denyUndecided(reason: string, rejectedKey?: RejectedKey): DeniedDecision {
  return { ...deny(reason, rejectedKey), lookupFailed: true };
}
