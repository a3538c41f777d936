import type { Duplex } from "node:stream";
import type { Peer } from "../../../base/peer.js";

/** What peers may do on their connections beside calls. */
export interface ForwardingOptions {
  /** Decides on each session before it is served. Default: every session that the server has an adapter for is served. */
  readonly session?: SessionRule;
  /** Timeout of the `session` rule in ms; a session whose rule does not answer in time is refused. Default: 10,000. */
  readonly sessionTimeout?: number;
  /** The connections that are forwarded, in either direction. Default: none. */
  readonly forwarding?: Forwarding;
}

/** Denies a request. The reason is sent to the peer and logged. */
export interface Refusal {
  readonly deny: string;
}

/** A session request of a peer: a command line, a shell, or a subsystem; calls of clients use the subsystem `sshrpc`. */
export type SessionRequest =
  | { readonly kind: "exec"; readonly command: string }
  | { readonly kind: "shell" }
  | { readonly kind: "subsystem"; readonly name: string };

/**
 * Decides on a session: true serves it, false denies it without a reason. A rejection or a timeout (`sessionTimeout`)
 * refuses it as an error of the server.
 */
export type SessionRule = (request: SessionRequest, peer: Peer) => boolean | Refusal | Promise<boolean | Refusal>;

/** A direct-tcpip request: `ssh -L`, `-W`, `-D`, `-J` (RFC 4254, section 7.2). Its fields are what the peer claims. */
export interface DirectTcpip {
  readonly host: string;
  readonly port: number;
  readonly originHost: string;
  readonly originPort: number;
}

/** A request to connect to a unix socket (PROTOCOL of OpenSSH, section 2.4). */
export interface DirectStreamlocal {
  readonly path: string;
}

/** A request to listen on a port: `ssh -R` (RFC 4254, section 7.1). */
export interface TcpipForward {
  /** As the peer sends it: an address, `localhost`, or an empty string for all addresses. */
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
}

/** A request to listen on a unix socket. */
export interface StreamlocalForward {
  readonly path: string;
}

/**
 * The decision on a connection that a peer requests: true connects there, false denies it without a reason, and `serve`
 * receives the channel's stream instead. The function destroys the stream at the end.
 */
export type DirectAnswer = boolean | Refusal | { readonly serve: (stream: Duplex) => void };

/**
 * The decision on a listener that a peer requests: true listens, false denies it without a reason, and `listen` creates a
 * listener of its own.
 */
export type ListenAnswer = boolean | Refusal | { readonly listen: (open: OpenForwarded) => Promise<CustomListener> };

/**
 * Opens a channel to the peer, as for a connection to its listener, after the peer's request was confirmed. The caller
 * destroys the stream. It rejects where the peer refuses the channel: some clients take a moment to register a listener.
 */
export type OpenForwarded = (origin?: { readonly host: string; readonly port: number }) => Promise<Duplex>;

/** A listener that a rule created. It is closed when the peer cancels it or disconnects. */
export interface CustomListener {
  /** The port that a peer receives which has requested port 0. */
  readonly port?: number;
  close(): void;
}

/** Decides on a request; a rejection or a timeout denies it and is logged. */
export type ForwardRule<Request, Answer> = (request: Request, peer: Peer) => Answer | Promise<Answer>;

/**
 * The connections that are forwarded. A list permits its entries; a function decides. The options of a peer's key
 * (`restrict`, `no-port-forwarding`, `permitopen`, `permitlisten`) can only narrow them.
 */
export interface Forwarding {
  /** Connections to `host:port`; either may be `*`. Names are compared as they are, without DNS. */
  readonly permitOpen?: readonly string[] | ForwardRule<DirectTcpip, DirectAnswer>;
  /** Connections to the unix sockets with these absolute paths. */
  readonly permitOpenUnix?: readonly string[] | ForwardRule<DirectStreamlocal, DirectAnswer>;
  /** Listeners on `host:port`, or `port` for any host; a host may have wildcards, and a port may be `*`. */
  readonly permitListen?: readonly string[] | ForwardRule<TcpipForward, ListenAnswer>;
  /** Listeners on unix sockets with these absolute paths. */
  readonly permitListenUnix?: readonly string[] | ForwardRule<StreamlocalForward, ListenAnswer>;
  /**
   * Whether peers may open listeners on addresses other than loopback. Otherwise a listener is on `127.0.0.1`, or on `::1`
   * where the peer requests that. Default: false.
   */
  readonly gatewayPorts?: boolean;
  /** The number of forwarded connections of one SSH connection, in both directions. Default: 64. */
  readonly maxForwarded?: number;
  /** The number of listeners (ports and sockets) of one SSH connection. Default: 8. */
  readonly maxListeners?: number;
  /** Timeout in ms of a rule, and again of the connection after it. Default: 10,000. */
  readonly timeout?: number;
}
