import type { Duplex } from "node:stream";
import type { AlgorithmOptions } from "../algorithm-options.js";
import type { LoginOptions } from "./auth/login-options.js";
import type { HostTrustOptions } from "./trust/host-trust-options.js";

/** Where a stream of the option `sock` leads: the target, or the first jump host. */
export interface SockTarget {
  readonly host: string;
  readonly port: number;
  /** Aborts when the attempt to connect ends early. */
  readonly signal: AbortSignal;
}

/** How a client reaches a server over SSH. */
export interface DialOptions extends LoginOptions, HostTrustOptions {
  /**
   * Jump hosts, in order, such as `alice@bastion` or `ssh://alice@bastion:2222`. The client checks the host key of each one and
   * authenticates to it with the same keys before it connects to the next. Default: ProxyJump of ~/.ssh/config; an empty list
   * connects directly.
   */
  readonly jump?: string | readonly string[];
  /**
   * A SOCKS 5 proxy for the first connection, such as `socks5://127.0.0.1:1080` or `socks5://user:password@proxy:1080`. It
   * resolves the host name. Replaces a ProxyCommand. Default: none.
   */
  readonly proxy?: string;
  /**
   * Opens the stream for the first connection in place of TCP, each time that the client connects: any Duplex, which the client
   * destroys. Replaces a ProxyCommand. Default: a TCP connection.
   */
  readonly sock?: (to: SockTarget) => Duplex | Promise<Duplex>;
  /**
   * Whether to apply ~/.ssh/config, as `ssh -G` resolves it: HostName, Port, User, IdentityFile, IdentitiesOnly, IdentityAgent,
   * CertificateFile, UserKnownHostsFile, GlobalKnownHostsFile, HostKeyAlias, ProxyJump and ProxyCommand; or the path of another configuration
   * file. Options given here take precedence. StrictHostKeyChecking is not applied: see `hostKey`.
   * Default: true if both ~/.ssh/config and the program `ssh` exist.
   */
  readonly sshConfig?: boolean | string;
  /**
   * Connect timeout in ms, from the first packet to the open channel, jump hosts included. The time in which a user is asked is
   * excluded; what the server takes from then on is bounded by `limits.helloTimeout`. Default: 10,000.
   */
  readonly connectTimeout?: number;
  /**
   * The algorithms to offer to the server and to jump hosts, in the order of preference; a weak one is an error. `kex:
   * ["mlkem768x25519-sha256"]` requires a post-quantum key exchange. Default: every safe one.
   */
  readonly algorithms?: AlgorithmOptions;
  /** Milliseconds without a byte from the server after which a keepalive is sent; 0 disables it. Default: 15,000. */
  readonly keepaliveInterval?: number;
  /** Unanswered keepalives after which the connection is closed. Default: 3. */
  readonly keepaliveCountMax?: number;
  /**
   * Receives debug output of the connections, one line per call, with the host in front: algorithms, keys, authentication
   * methods, packets; never secrets or channel data. Default: none.
   */
  readonly debug?: (line: string) => void;
}
