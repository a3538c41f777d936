import type { KnownHosts } from "../../keys/lists/known-hosts.js";
import type { HostKeyCallback } from "./host-trust-options.js";

/** Host keys by fingerprint. */
interface PinnedTrust {
  readonly fingerprints: readonly string[];
}

/** The known_hosts entries of a host, and the policy for other keys. */
export interface KnownTrust {
  readonly knownHosts: KnownHosts;
  /** Default: `strict`. */
  readonly policy?: "strict" | "accept-new" | HostKeyCallback;
  /** The name in known_hosts, in place of host and port. */
  readonly alias?: string | undefined;
  /** Whether to hash names in added lines. */
  readonly hashed?: boolean;
  /** Whether to learn the other host keys of a known host. */
  readonly learn?: boolean;
  /** Fingerprints that the user has accepted before. */
  readonly accepted?: Set<string>;
}

/** What a host key is checked against. */
export type HostTrust = PinnedTrust | KnownTrust;
