import type { LoginOptions } from "./auth/login-options.js";
import type { HostTrustOptions } from "./trust/host-trust-options.js";

/** How a client reaches a server over SSH. */
export interface DialOptions extends LoginOptions, HostTrustOptions {
  /**
   * Hosts to go through, in order, such as `alice@bastion` or `ssh://alice@bastion:2222`. Each one's host key is checked, and
   * each is logged in to with the same keys, before anything is sent to the next. Default: what ~/.ssh/config says; an empty
   * list goes straight.
   */
  readonly jump?: string | readonly string[];
  /**
   * Whether to ask `ssh -G` what ~/.ssh/config says of the host, and follow its HostName, Port, User, IdentityFile,
   * IdentitiesOnly, IdentityAgent, CertificateFile, UserKnownHostsFile, GlobalKnownHostsFile, HostKeyAlias and ProxyJump; or the
   * file to read in its place. What an option here says counts for more. Its StrictHostKeyChecking is not followed: see `hostKey`.
   * Default: true where there are a ~/.ssh/config and a program `ssh`.
   */
  readonly sshConfig?: boolean | string;
  /**
   * Milliseconds for the whole way from the first packet to the open channel, jump hosts included; time in which a person is
   * asked does not count. Default: 10,000.
   */
  readonly connectTimeout?: number;
  /** Milliseconds of silence after which the server is asked for a sign of life; 0 for never. Default: 15,000. */
  readonly keepaliveInterval?: number;
  /** How many such questions may go unanswered before the connection counts as lost. Default: 3. */
  readonly keepaliveCountMax?: number;
  /**
   * Is told what happens on the connections, a line each, with the host in front: algorithms, keys, ways to log in, packets;
   * never a secret, nor what is carried. Default: nobody is.
   */
  readonly debug?: (line: string) => void;
}
