import type { AuthMethod, PeerCertificate } from "../../../base/peer.js";
import type { LoginGrant } from "./login-attempt.js";

/** What one method has proven of a peer, and what it gets for that. */
export interface Proof {
  readonly method: AuthMethod;
  /** Of the key that has signed, or that its certificate is for. */
  readonly fingerprint?: string;
  readonly certificate?: PeerCertificate;
  readonly grant: LoginGrant;
  /** Looks the same up again, for the lists may have changed; absent where there is nothing to look up. */
  readonly again?: () => Promise<Withdrawal | LoginGrant>;
}

/** Why something is not granted, or no more. */
export interface Withdrawal {
  readonly deny: string;
  /** Whether nobody could be asked: that lets nobody in, but ends no connection that is open. */
  readonly unknown?: true;
}

/** A request that lets nobody in. The reason is for the log alone. */
export interface Refused {
  readonly outcome: "refused";
  readonly reason: string;
  readonly about?: RejectedKey;
  /** Whether nobody could be asked: that says nothing against the peer. */
  readonly unknown?: true;
}

/** What a server makes of one request to be let in. */
export type Decision =
  | Refused
  /** A key was only offered, and would do. It proves nothing yet. */
  | { readonly outcome: "would do" }
  /** A password is right, and has to be changed. */
  | { readonly outcome: "change"; readonly prompt: string }
  | { readonly outcome: "proven"; readonly proof: Proof };

/** What the log says of a key that was refused. None of it is proven. */
export interface RejectedKey {
  readonly fingerprint?: string;
  readonly keyId?: string;
  readonly serial?: string;
  readonly authority?: string;
}

/** A refusal of somebody who may be right, for nobody could be asked. */
export function cannotSay(reason: string, about?: RejectedKey): Refused {
  return { ...refuse(reason, about), unknown: true };
}

/** A refusal, with the reason for the log. */
export function refuse(reason: string, about?: RejectedKey): Refused {
  return { outcome: "refused", reason, ...(about && { about }) };
}
