import type { LoginOptions } from "./auth/login-options.js";
import type { HostTrustOptions } from "./trust/host-trust-options.js";

/** How a client reaches a server over SSH. */
export interface DialOptions extends LoginOptions, HostTrustOptions {
  /**
   * Jump hosts, in order, such as `alice@bastion` or `ssh://alice@bastion:2222`. The client checks the host key of each one and
   * authenticates to it with the same keys before it connects to the next. Default: ProxyJump of ~/.ssh/config; an empty list
   * connects directly.
   */
  readonly jump?: string | readonly string[];
  /**
   * Whether to apply ~/.ssh/config, as `ssh -G` resolves it: HostName, Port, User, IdentityFile, IdentitiesOnly,
   * IdentityAgent, CertificateFile, UserKnownHostsFile, GlobalKnownHostsFile, HostKeyAlias and ProxyJump; or the path of
   * another configuration file. Options given here take precedence. StrictHostKeyChecking is not applied: see `hostKey`.
   * Default: true if both ~/.ssh/config and the program `ssh` exist.
   */
  readonly sshConfig?: boolean | string;
  /**
   * Connect timeout in ms, from the first packet to the open channel, jump hosts included. The time in which a user is asked is
   * excluded. Default: 10,000.
   */
  readonly connectTimeout?: number;
  /** Keepalive interval in ms; 0 disables it. Default: 15,000. */
  readonly keepaliveInterval?: number;
  /** Unanswered keepalives after which the connection is closed. Default: 3. */
  readonly keepaliveCountMax?: number;
  /**
   * Receives debug output of the connections, one line per call, with the host in front: algorithms, keys, authentication
   * methods, packets; never secrets or channel data. Default: none.
   */
  readonly debug?: (line: string) => void;
}
