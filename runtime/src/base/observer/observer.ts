import type { LimitUsage } from "../accounts/quotas.js";
import type { LogLevel } from "../log.js";
import type { Peer, RejectedKey, SshAlgorithms } from "../peer.js";
import type { ContractDrift } from "./contract-drift.js";
import type { Propagation } from "./propagation.js";

/** The connection that an event is about. */
export interface ConnectionEvent {
  /** The id of the connection, as in {@link Peer.connectionId}; absent at a client and in memory. */
  readonly connectionId?: string | undefined;
  /** The address of the other end, such as `192.0.2.7:50122`, if the transport has one. */
  readonly address?: string | undefined;
  /** The peer, once it has authenticated; absent at a client. */
  readonly peer?: Peer | undefined;
}

/** A connection that is open. */
interface ConnectionOpened extends ConnectionEvent {
  /** Client: what the SSH connection has negotiated, if this package speaks SSH itself. At a server it is known with the peer. */
  readonly algorithms?: SshAlgorithms | undefined;
}

/** Something that was refused or failed. */
interface Refused {
  /** For the operator: do not pass it on to the peer. */
  readonly reason: string;
}

/** A connection that has ended. */
export interface ConnectionClosed extends ConnectionEvent {
  /** Absent at a server after a regular disconnect by either side. */
  readonly reason?: string | undefined;
  /** Server: the identification string of a peer that has not authenticated, escaped. */
  readonly version?: string;
  /** How long it was open. */
  readonly milliseconds: number;
  /** Bytes received on the transport, if known. */
  readonly bytesIn?: number;
  /** Bytes sent on the transport, if known. */
  readonly bytesOut?: number;
}

/** An authentication request (RFC 4252, section 5). */
export interface AuthenticationRequest extends ConnectionEvent {
  /** The user name, escaped: the client chose it. */
  readonly user: string;
  /** The authentication method, such as `publickey`. */
  readonly method: string;
}

/** An authentication request that failed. */
export interface AuthenticationRefused extends AuthenticationRequest, Refused {
  readonly rejectedKey?: RejectedKey | undefined;
}

/** An event of an authenticated connection. */
export interface PeerEvent extends ConnectionEvent {
  readonly peer: Peer;
}

/** A session (RFC 4254, section 6), or the one that sshd has started this process for. */
export interface SessionEvent extends ConnectionEvent {
  /**
   * What it runs: a subsystem, a command or a shell; `session` if it was refused before the client requested one of these.
   */
  readonly kind: "subsystem" | "exec" | "shell" | "session";
  /** The name of the subsystem, escaped: the client chose it. `sshrpc` is the native wire. */
  readonly name?: string;
  /** `stdio` for standard input and output under sshd. */
  readonly transport: "ssh" | "stdio";
}

/** A forwarded connection, or a listener for forwarded connections (RFC 4254, section 7). */
export interface ForwardEvent extends ConnectionEvent {
  readonly kind: "direct-tcpip" | "direct-streamlocal" | "tcpip-forward" | "streamlocal-forward";
  /** The destination, of the kinds that the client opens. */
  readonly to?: string;
  /** The address of the listener, of the kinds that the server listens for. */
  readonly on?: string;
  /** The origin of a connection to the listener. */
  readonly from?: string;
}

/** A call. */
export interface CallEvent {
  /** The number of the call in this process, the same in all events of the call. */
  readonly call: number;
  /** Whether this process makes the call, as a client does, or runs it, as a server does. Callbacks go the other way. */
  readonly side: "client" | "server";
  /** True for a callback, which a server makes and its client runs; else absent. */
  readonly callback?: true | undefined;
  /** The other end: the caller, or the callee. A server's address is known to its client once the call is sent. */
  readonly peer: Peer;
  /** The id of the method, such as `GET /notes/{id}`; for an unknown one, the caller's reference. */
  readonly method: string;
  /** True if there is no such method; else absent. `method` is then what the caller chose: unbounded text. */
  readonly unknown?: true | undefined;
  /** True if the schema marks the method as deprecated; else absent. */
  readonly deprecated?: true | undefined;
}

/** A call that begins. */
export interface CallStarted extends CallEvent {
  /** Of a call that this process runs: its headers. They may have secrets. Absent for a call without headers. */
  readonly metadata?: ReadonlyMap<string, readonly string[]> | undefined;
}

/** A call with its final status. It has the sizes of the messages, never their content. */
export interface CallEnded extends CallEvent {
  /** The name of the status, such as `OK` or `NOT_FOUND`. */
  readonly status: string;
  /** Until the final status, or the loss of the connection, which is CANCELLED for a call that this process runs. */
  readonly milliseconds: number;
  /** Bytes of the messages received: those of the request and its items, or for a call that this process makes, of the response. */
  readonly bytesIn: number;
  /** Bytes of the messages sent. */
  readonly bytesOut: number;
  /** Number of items received; raw bytes are counted in frames. */
  readonly itemsIn: number;
  /** Number of items sent. */
  readonly itemsOut: number;
  /** The `RpcError` of a call that failed. Its cause is what a handler of this process threw, which the caller does not get. */
  readonly error?: Error | undefined;
  /** True if the call was refused before its handler ran, as without the scope or over a limit; else absent. */
  readonly refused?: true | undefined;
}

/** A handler that still runs although its call has ended, and is counted as stuck. */
export interface HandlerStuck extends PeerEvent {
  /** The id of the method, such as `GET /notes/{id}`. */
  readonly method: string;
  /** The number of stuck handlers of the method, including this one. */
  readonly stuck: number;
}

/** A server in this process, for those who ask for its state. */
export interface ServerState {
  /** Why it is not ready, as `GET /sshrpc/health` says; undefined if it is. Runs the check of the server. It never rejects. */
  readonly unready: () => Promise<string | undefined>;
  /** Why its audit log cannot be written at present; undefined if it can, or if there is none. */
  readonly auditFailure: () => Error | undefined;
  /** Whether it refuses calls at present, because its audit log cannot be written. */
  readonly refusesCalls: () => boolean;
  /** The number of lines that its log has lost; undefined for a logger that does not count them. */
  readonly logLinesLost: () => number | undefined;
  /** What is held of the limits that all keys share; resources without a limit are left out. */
  readonly usage: () => readonly LimitUsage[];
  /** The keys that may log in; undefined where a function decides, and under sshd. */
  readonly authorizedKeys: () => ListedKeys | undefined;
}

/** The keys that a server has listed, with those of authorities. */
export interface ListedKeys {
  readonly count: number;
  /** When the next one expires, in ms since 1970, by `expiry-time`; undefined if none will. */
  readonly nextExpiry: number | undefined;
}

/** A message that has no event of its own type. */
export interface Diagnostic extends ConnectionEvent {
  readonly level: LogLevel;
  readonly message: string;
  readonly error?: unknown;
  /** More about it. The names of these fields may change. */
  readonly fields?: object;
}

/**
 * Receives the events of a server or a client, for metrics, spans and logs. Every method is optional. Methods are called
 * synchronously and must be fast; they are looked up once, when the server or client is created. Exceptions and rejections
 * of a method are logged and have no other effect. Plain SSH has no events.
 */
export interface Observer extends Propagation {
  /** Server: a TCP connection was admitted, before its SSH identification string. */
  connectionAdmitted?(event: { readonly address: string; readonly isReturning: boolean }): void;
  /** Server: a TCP connection was refused before authentication. At most 20 in 10 seconds are reported one by one. */
  connectionRefused?(event: Omit<ConnectionEvent, "peer"> & Refused): void;
  /** Server: the number of refused connections that were not reported one by one. */
  refusalsOmitted?(event: { readonly count: number }): void;
  /** An SSH connection, or one in memory, is open; at a client, it accepts calls. */
  connectionOpened?(event: ConnectionOpened): void;
  /** A connection that was opened has ended. */
  connectionClosed?(event: ConnectionClosed): void;
  /** Server: a rekey is complete (RFC 4253, section 9). */
  rekeyed?(event: ConnectionEvent): void;
  /** Server: an authentication request failed. */
  authenticationRefused?(event: AuthenticationRefused): void;
  /** Server: one of several required methods has succeeded. */
  partiallyAuthenticated?(event: AuthenticationRequest): void;
  /** Server: the password is correct and has expired. */
  passwordChangeRequested?(event: AuthenticationRequest): void;
  /** Server: the peer has authenticated. */
  authenticated?(event: PeerEvent): void;
  /** Server: the scopes of an authenticated peer have changed. */
  scopesChanged?(event: PeerEvent): void;
  /** Server: the grants of a peer could not be looked up again; it keeps them. */
  reauthorizationFailed?(event: ConnectionEvent & Refused): void;
  /** Server: the key of a connected peer was revoked; its connection ends. */
  accessRevoked?(event: ConnectionEvent & Refused): void;
  /**
   * Server: an authenticated connection ends because its key, or the server, has too many. `reason` says whose limit it is; the
   * DISCONNECT message has it, too.
   */
  connectionDenied?(event: PeerEvent & Refused): void;
  /**
   * Server: an operator ends a connection, after `grace` ms at most. `by` is the operator; the DISCONNECT message has the reason.
   */
  connectionKicked?(event: PeerEvent & Refused & { readonly by: Peer; readonly grace: number }): void;
  /** Server: a session is served. */
  sessionOpened?(event: SessionEvent): void;
  /** Server: a session was refused. */
  sessionRefused?(event: SessionEvent & Refused): void;
  /** Server: a session that was opened has ended. */
  sessionClosed?(event: SessionEvent & { readonly milliseconds: number }): void;
  /** Server: a connection is forwarded. */
  forwardOpened?(event: ForwardEvent): void;
  /** Server: a forwarded connection, or a listener, was refused. */
  forwardRefused?(event: ForwardEvent & Refused): void;
  /** Server: a forwarded connection has ended; `bytesIn` came from the client. */
  forwardClosed?(
    event: ForwardEvent & { readonly milliseconds: number; readonly bytesIn: number; readonly bytesOut: number },
  ): void;
  /** Server: a listener for a client is open. */
  listenerOpened?(event: ForwardEvent & { readonly port?: number | undefined }): void;
  /** Server: files of keys have changed, and the new lists are in force. */
  keysReloaded?(event: {
    readonly list: "authorized_keys" | "revoked keys";
    readonly files: readonly string[];
    /** The number of authorized keys. */
    readonly keys?: number;
  }): void;
  /** Server: lines of the audit log are lost, because they cannot be written, or not fast enough. */
  auditLinesLost?(event: { readonly count: number }): void;
  /** Server: it is open, before it accepts connections. Not in memory. */
  serverStarted?(server: ServerState): void;
  /** Server: it has ended, with all connections; `calls` were cut, and have ended with UNAVAILABLE. The state is that of `serverStarted`. */
  serverEnded?(event: { readonly server: ServerState; readonly milliseconds: number; readonly calls: number }): void;
  /** Server: it has taken other options, or has refused them because of `error`; then the last ones stay in force. */
  configurationReloaded?(event: { readonly error?: Error | undefined }): void;
  /** Server: a graceful shutdown has begun. */
  drainStarted?(event: { readonly grace: number; readonly connections: number; readonly calls: number }): void;
  /** Server: a graceful shutdown is over. `calls` still run and end with UNAVAILABLE. */
  drainEnded?(event: { readonly milliseconds: number; readonly calls: number }): void;
  /**
   * The other side was built with another contract. At a client: if that matters to methods that it calls, or if they cannot be
   * compared; once for each host and difference. At a server: once for each key and contract.
   */
  contractDrift?(event: ConnectionEvent & ContractDrift): void;
  /** A call has begun. A call that is refused begins and ends at once. */
  callStarted?(call: CallStarted): void;
  /** A call has its final status. */
  callEnded?(call: CallEnded): void;
  /** Server: a handler still runs `limits.handlerGrace` after its call has ended, because it ignores `ctx.signal`. */
  handlerStuck?(event: HandlerStuck): void;
  /** Client: a call is sent again. `attempt` is 1 for the first retry, `delay` the wait before it in ms. */
  callRetried?(call: CallEvent & { readonly attempt: number; readonly delay: number; readonly error: Error }): void;
  /** Client: an attempt to connect failed. */
  connectFailed?(event: { readonly address: string; readonly error: Error }): void;
  /** Server: any other message for the operator, such as a file that cannot be watched. */
  diagnostic?(event: Diagnostic): void;
}
