import type { KnownHosts } from "../../keys/lists/known-hosts.js";
import type { HostKeyDecision } from "./host-trust-options.js";

/** Host keys that the caller expects. */
export interface PinnedTrust {
  readonly fingerprints: readonly string[];
}

/** What known_hosts says of the host, and what to do where it says nothing. */
export interface KnownTrust {
  readonly knownHosts: KnownHosts;
  /** Default: `strict`. */
  readonly policy?: "strict" | "accept-new" | HostKeyDecision;
  /** The name of the host in known_hosts, where it is not made of host and port. */
  readonly alias?: string | undefined;
  /** Whether names are hashed where a line is added. */
  readonly hashed?: boolean;
  /** Fingerprints that somebody has accepted before, so that nobody is asked twice. */
  readonly accepted?: Set<string>;
}

/** What a host key is checked against. */
export type HostTrust = PinnedTrust | KnownTrust;
