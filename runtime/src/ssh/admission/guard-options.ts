import type { AlgorithmOptions } from "../algorithms.js";

/**
 * How a server protects itself from those who connect. Every limit has a default; all times are in milliseconds, all
 * sizes in bytes. A source that is refused is not told why; the log says it.
 */
export interface GuardOptions {
  /** Within which a client must have logged in. Default: 30,000. */
  readonly loginGrace?: number;
  /** How many connections may be open at once; more are closed unheard. Default: 1,024. */
  readonly maxConnections?: number;
  /** How many connections may be open that have not logged in yet. */
  readonly maxStartups?: MaxStartups;
  /** How many connections one source may have. */
  readonly perSource?: PerSource;
  /** How long a source stays out after it has misbehaved; false for never. */
  readonly penalties?: Penalties | false;
  /**
   * Addresses and networks, such as `10.0.0.0/8`, to which `perSource` and `penalties` do not apply. Default: loopback,
   * `127.0.0.0/8` and `::1`, behind which there may be many: a proxy, a tunnel, all users of the machine.
   */
  readonly exemptSources?: readonly string[];
  /**
   * Addresses and networks of load balancers that begin each connection with a PROXY protocol header, version 1 or 2.
   * From these it is required, from all others it is refused. Default: none.
   */
  readonly proxyProtocol?: readonly string[];
  /** How long an address counts as known after it was last seen, for the log. Default: 300,000. */
  readonly knownAddressTtl?: number;
  /** How much a client may send until it has logged in. Default: 131,072. */
  readonly maxPreAuthBytes?: number;
  /**
   * How many requests of one connection may be refused at once, such as channels beyond `maxChannels`; ten more every
   * second. Whoever goes on is disconnected. Default: 1,000.
   */
  readonly maxRefusals?: number;
  /** How much may wait to be sent on a connection when another packet comes in. Default: 33,554,432. */
  readonly maxSendBuffer?: number;
  /** How much a connection may carry, in both directions, until it gets new keys. Default: 1,073,741,824. */
  readonly rekeyBytes?: number;
  /** How long a connection may go on until it gets new keys. Default: 3,600,000. */
  readonly rekeyInterval?: number;
  /** How long a key exchange may take once the connection is up. Default: 30,000. */
  readonly rekeyTimeout?: number;
  /** Of silence, after which the client is asked for a sign of life; 0 for never. Default: 30,000. */
  readonly keepaliveInterval?: number;
  /** How many such questions may go unanswered until the connection counts as lost. Default: 3. */
  readonly keepaliveCountMax?: number;
  /** Without anything on any channel, after which a connection is closed; 0 for never. Default: 0. */
  readonly idleTimeout?: number;
  /** Which algorithms to offer, in this order. Default: all that are safe. Others are refused by name, with the reason. */
  readonly algorithms?: AlgorithmOptions;
}

/**
 * As sshd_config's MaxStartups has it: beyond `start` connections that have not logged in, one has to go with a chance of
 * `rate` percent, which grows to certainty at `full`. It is the oldest one from where most of them come, when that has had
 * a second; otherwise the new one.
 */
export interface MaxStartups {
  /** Default: 100. */
  readonly start?: number;
  /** In percent. Default: 30. */
  readonly rate?: number;
  /** Default: 400. */
  readonly full?: number;
}

/** How many connections one source may have at once, logged in or not. */
export interface PerSource {
  /** From one address; of IPv6, from one /64 network. Default: 128. */
  readonly address?: number;
  /** From one network: /24 of IPv4, /48 of IPv6. Default: 512. */
  readonly network?: number;
}

/**
 * As sshd_config's PerSourcePenalties has it: what each connection that ends badly adds to the time for which its address
 * (of IPv6, its /64 network) stays out. The source stays out once the sum has reached `min`. All in milliseconds.
 */
export interface Penalties {
  /** It tried to log in, and failed, not because its key could not be looked up. Default: 5,000. */
  readonly authFail?: number;
  /** It left without trying. Default: 1,000. */
  readonly noAuth?: number;
  /** It did not log in within `loginGrace`. Default: 10,000. */
  readonly graceExceeded?: number;
  /** It broke the protocol before it had logged in. Default: 10,000. */
  readonly protocolError?: number;
  /** Default: 15,000. */
  readonly min?: number;
  /** Default: 600,000. */
  readonly max?: number;
}
