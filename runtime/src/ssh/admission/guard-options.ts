import type { AlgorithmOptions } from "../algorithm-options.js";

/**
 * The limits for connections and their peers. Every limit has a default; times are in milliseconds, sizes in bytes. A
 * refused source gets no reason; the log has it.
 */
export interface GuardOptions {
  /** Time for a client to authenticate. Default: 30,000. */
  readonly loginGrace?: number;
  /**
   * Maximum number of open connections. At it, a key with less than its share, the limit divided by the number of keys, still gets a place:
   * the key with most connections loses its newest one that runs no call. Other connections are closed with the reason in the DISCONNECT message. Default:
   * 1,024.
   */
  readonly maxConnections?: number;
  /** Maximum number of unauthenticated connections. */
  readonly maxStartups?: MaxStartups;
  /** Maximum number of connections of one source. */
  readonly perSource?: PerSource;
  /** How long a source is blocked after failures; false for never. */
  readonly penalties?: Penalties | false;
  /**
   * Addresses and networks, such as `10.0.0.0/8`, exempt from `perSource` and `penalties`. Default: loopback,
   * `127.0.0.0/8` and `::1`, which many clients can share: those of a proxy, of a tunnel, and all users of the machine.
   */
  readonly exemptSources?: readonly string[];
  /**
   * Trusted senders of the PROXY protocol, version 1 or 2: addresses and networks of load balancers. Their connections
   * must begin with a header; from all other sources a header is refused. Default: none.
   */
  readonly proxyProtocol?: readonly string[];
  /** How long an address counts as returning in the log after it was last seen. Default: 300,000. */
  readonly knownAddressTtl?: number;
  /** Maximum number of bytes that a client may send before authentication. Default: 131,072. */
  readonly maxPreAuthBytes?: number;
  /**
   * How many requests of one connection may be refused at once, such as channels beyond `maxChannels`; ten more are
   * allowed each second. Beyond it, the client is disconnected. Default: 1,000.
   */
  readonly maxRefusals?: number;
  /**
   * How many requests one connection may send per second, after ten seconds of as many at once: global requests, opened channels,
   * and requests on channels such as variables, signals and changes of the window, also granted ones. Beyond it, the client is
   * disconnected. Default: 4,096.
   */
  readonly maxRequests?: number;
  /**
   * Maximum number of unsent bytes for a client that does not read; with more, its next packet ends the connection. Default:
   * 33,554,432.
   */
  readonly maxSendBuffer?: number;
  /** Maximum number of bytes of a connection, in both directions, before a rekey. Default: 1,073,741,824. */
  readonly rekeyBytes?: number;
  /** Maximum time before a rekey. Default: 3,600,000. */
  readonly rekeyInterval?: number;
  /** Timeout of a key exchange on an open connection. Default: 30,000. */
  readonly rekeyTimeout?: number;
  /** Keepalive interval of a silent connection; 0 disables keepalives. Default: 30,000. */
  readonly keepaliveInterval?: number;
  /** Maximum number of unanswered keepalives before the connection is closed as lost. Default: 3. */
  readonly keepaliveCountMax?: number;
  /**
   * Time after which a connection is ended that nothing uses: no command, shell, forwarding, call or stream, and no client that
   * may wait for callbacks of the API. The client is asked to connect again before, so that no call is lost; 0 for no limit.
   * Default: 3,600,000.
   */
  readonly idleTimeout?: number;
  /** The algorithms to offer, in the order of preference; a weak one is an error. Default: every safe one. */
  readonly algorithms?: AlgorithmOptions;
}

/**
 * As MaxStartups of sshd_config(5): beyond `start` unauthenticated connections, each new one evicts another with a
 * probability of `rate` percent, which grows to 100 at `full`: of the network with most of them, one of the host with most.
 * Its oldest one is evicted once it is a second old, its latest one before that for a host with fewer; else the new one is refused.
 */
export interface MaxStartups {
  /** Number of unauthenticated connections from which a new one may evict another. Default: 100. */
  readonly start?: number;
  /** The probability of an eviction at `start`, in percent. Default: 30. */
  readonly rate?: number;
  /** Unauthenticated connections at which each new one evicts another. Default: 400. */
  readonly full?: number;
}

/** Maximum number of concurrent connections of one source, authenticated or not. */
export interface PerSource {
  /** Connections of one IPv4 address or one IPv6 /64 network. Default: 128. */
  readonly address?: number;
  /** Connections of one IPv4 /24 or IPv6 /48 network. Default: 512. */
  readonly network?: number;
}

/**
 * As PerSourcePenalties of sshd_config(5): what each failed connection adds to the penalty of its IPv4 address or IPv6
 * /64 network, in milliseconds. The source is blocked once its penalty has reached `min`.
 */
export interface Penalties {
  /** Failed authentication, unless the server could not look up the key. Default: 5,000. */
  readonly authFail?: number;
  /** Connection closed without an attempt to authenticate. Default: 1,000. */
  readonly noAuth?: number;
  /** No authentication within `loginGrace`. Default: 10,000. */
  readonly graceExceeded?: number;
  /** Violation of the protocol before authentication. Default: 10,000. */
  readonly protocolError?: number;
  /** The penalty from which the source is blocked. Default: 15,000. */
  readonly min?: number;
  /** The longest penalty. Default: 600,000. */
  readonly max?: number;
}
