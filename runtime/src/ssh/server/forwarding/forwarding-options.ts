import type { Duplex } from "node:stream";
import type { Peer } from "../../../base/peer.js";

/** What peers may do on their connections beside calls. What is not said is refused. */
export interface ForwardingOptions {
  /** Asked for each session, before it is served. Default: whatever has a way in is served. */
  readonly session?: SessionRule;
  /** Which connections are forwarded, in either direction. Default: none. */
  readonly forwarding?: Forwarding;
}

/** Says no. The peer is told why, and so is the log. */
export interface Refusal {
  readonly deny: string;
}

/** A session that a peer asks for: our own subsystem, a command line, or a shell. */
export type SessionRequest =
  | { readonly kind: "sshrpc" }
  | { readonly kind: "exec"; readonly command: string }
  | { readonly kind: "shell" };

/** Decides on a session. False refuses it without a reason. */
export type SessionRule = (request: SessionRequest, peer: Peer) => boolean | Refusal | Promise<boolean | Refusal>;

/** Where a peer wants a connection to: `ssh -L`, `-W`, `-D`, `-J` (RFC 4254, section 7.2). Nothing of it is proven. */
export interface DirectTcpip {
  readonly host: string;
  readonly port: number;
  readonly originHost: string;
  readonly originPort: number;
}

/** The unix socket that a peer wants a connection to (PROTOCOL of OpenSSH, section 2.4). */
export interface DirectStreamlocal {
  readonly path: string;
}

/** Where a peer wants the server to listen for it: `ssh -R` (RFC 4254, section 7.1). */
export interface TcpipForward {
  /** As the peer wrote it: an address, `localhost`, or nothing for all addresses. */
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
}

/** Where a peer wants the server to listen for it, as a unix socket. */
export interface StreamlocalForward {
  readonly path: string;
}

/**
 * What becomes of a connection that a peer wants: true forwards it, false refuses it without a reason, and `serve` takes
 * it itself. Whoever takes it destroys it.
 */
export type DirectAnswer = boolean | Refusal | { readonly serve: (stream: Duplex) => void };

/**
 * What becomes of a port or socket that a peer wants the server to listen on: true listens, false refuses it without a
 * reason, and `listen` does something of its own.
 */
export type ListenAnswer = boolean | Refusal | { readonly listen: (open: OpenForwarded) => Promise<OwnListener> };

/**
 * Opens a connection to the peer, as if somebody had connected to what it listens on, once it was told that it does.
 * Whoever opens it destroys it. It rejects where the peer does not take it: some need a moment until they know of their
 * listener.
 */
export type OpenForwarded = (origin?: { readonly host: string; readonly port: number }) => Promise<Duplex>;

/** A listener of the user's own. It is closed when its peer cancels it, or goes. */
export interface OwnListener {
  /** Told to a peer that has asked for any port. */
  readonly port?: number;
  close(): void;
}

/** Decides on a request; a rejection refuses it, and is logged. */
export type ForwardRule<Request, Answer> = (request: Request, peer: Peer) => Answer | Promise<Answer>;

/**
 * Which connections are forwarded. A list allows what it names; a function decides. What the key of a peer forbids
 * (`restrict`, `no-port-forwarding`, `permitopen`, `permitlisten`) stays forbidden, whatever is said here.
 */
export interface Forwarding {
  /** Connections to `host:port`, where either may be `*`: names are compared as they are, not looked up. */
  readonly permitOpen?: readonly string[] | ForwardRule<DirectTcpip, DirectAnswer>;
  /** Connections to the unix sockets with these absolute paths. */
  readonly permitOpenUnix?: readonly string[] | ForwardRule<DirectStreamlocal, DirectAnswer>;
  /** Listening on `host:port`, or `port` alone for any host; a host may have wildcards, and a port may be `*`. */
  readonly permitListen?: readonly string[] | ForwardRule<TcpipForward, ListenAnswer>;
  /** Listening on unix sockets with these absolute paths. */
  readonly permitListenUnix?: readonly string[] | ForwardRule<StreamlocalForward, ListenAnswer>;
  /**
   * Whether ports for peers may be opened to other machines. Otherwise they are on `127.0.0.1`, or on `::1` where that is
   * asked for, whatever else was. Default: false.
   */
  readonly gatewayPorts?: boolean;
  /** How many forwarded connections one SSH connection may have at once, in both directions. Default: 64. */
  readonly maxForwarded?: number;
  /** How many ports and sockets the server listens on for one SSH connection. Default: 8. */
  readonly maxListeners?: number;
  /** Milliseconds for a decision, and again for the connection that follows. Default: 10,000. */
  readonly timeout?: number;
}
