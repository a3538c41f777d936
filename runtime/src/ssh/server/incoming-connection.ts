import type { Socket } from "node:net";
import type { AuthContext, Connection } from "ssh2";
import { joinTurns, type Turn } from "../../base/accounts/turns.js";
import { newConnectionId } from "../../base/peer.js";
import { printable } from "../../base/printable.js";
import type { ExchangeQueue } from "../admission/exchange-queue.js";
import type { GuardConfig } from "../admission/guard-config.js";
import type { PendingConnection } from "../admission/pending-connection.js";
import { sourceOf } from "../admission/source.js";
import type { FailureKind } from "../admission/source-penalties.js";
import type { HostKey } from "../keys/identity/host-key.js";
import { DISCONNECT_REASON, onDisconnect, sendDisconnect } from "../ssh2/disconnect.js";
import { breakOff, hangUp } from "../ssh2/hang-up.js";
import { announceHostKeys } from "../ssh2/host-keys/announce-host-keys.js";
import { identificationOf } from "../ssh2/internals.js";
import { negotiatedOf } from "../ssh2/kex/negotiated.js";
import { guardConnection } from "../ssh2/packets/guard-connection.js";
import { Authentication } from "./auth/authentication.js";
import type { AuthenticationConfig } from "./auth/authentication-config.js";
import type { ChannelHandler } from "./channel-handler.js";
import { Channels } from "./channels.js";
import type { SessionRule } from "./forwarding/forwarding-options.js";
import type { ForwardingRules } from "./forwarding/forwarding-rules.js";

interface IncomingConfig extends AuthenticationConfig {
  readonly guard: GuardConfig;
  readonly hostKeys: readonly HostKey[];
  readonly handlers: readonly ChannelHandler[];
  readonly session?: SessionRule | undefined;
  readonly sessionTimeout: number;
  readonly forwarding: ForwardingRules;
  readonly maxChannels: number;
  /** The key exchanges of the server. */
  readonly exchanges: ExchangeQueue;
}

/** The fields that ssh2 adds to errors; the code is that of the system, or of SSH_MSG_DISCONNECT. */
type Ssh2Error = Error & { readonly level?: string; readonly code?: unknown };

/** Milliseconds for the last output and the exit status of commands, when the server closes. */
const EXIT_GRACE = 1000;

/** Milliseconds for the client of commands that have exited to close the connection. */
const LEAVE_GRACE = 500;

/** One SSH connection of a server: it authenticates the peer, and serves its channels. */
export class IncomingConnection {
  readonly #connection: Connection;
  readonly #socket: Socket;
  readonly #authentication: Authentication;
  readonly #channels: Channels;
  #reason: string | undefined;
  /** Whether the peer has violated the protocol. */
  #hasViolation = false;
  /** Whether either side has sent SSH_MSG_DISCONNECT, or ended the connection. */
  #disconnected = false;
  readonly #start = performance.now();

  /** Must be called in the same turn as ssh2's `connection` event: an error without a listener would end the process. */
  constructor(connection: Connection, { socket, address, ip }: PendingConnection, config: IncomingConfig) {
    const source = sourceOf(ip);
    this.#connection = connection;
    this.#socket = socket;
    const authentication = new Authentication(
      config,
      { connectionId: newConnectionId(), address },
      {
        algorithms: () => negotiatedOf(connection),
        disconnect: (reason) => {
          this.#reason ??= reason;
          sendDisconnect(connection, DISCONNECT_REASON.noMoreAuthMethods, reason);
          this.#close(reason);
        },
        revoke: (reason) => this.#abort(`access revoked: ${reason}`, "access revoked"),
        refuse: (reason) => {
          this.#reason ??= reason;
          sendDisconnect(connection, DISCONNECT_REASON.tooManyConnections, reason);
          this.#close(reason);
        },
        close: (reason) => {
          this.#reason ??= reason;
          this.#close(reason);
        },
        traffic: () => ({ bytesIn: socket.bytesRead, bytesOut: socket.bytesWritten }),
      },
    );
    this.#authentication = authentication;
    const { observer } = config;
    observer.connectionOpened?.(authentication.about);
    const version = identificationOf(connection);
    // Each channel adds listeners to both.
    connection.setMaxListeners(0);
    socket.setMaxListeners(0);
    // ssh2 may go on reading after an error, so the socket is destroyed.
    connection.on("error", (error: Ssh2Error) => {
      // Sends the disconnect message of ssh2.
      socket.uncork();
      this.#fail(error.message, { isViolation: isViolation(error) });
      socket.destroy();
    });
    connection.on("close", () => {
      authentication.end();
      const reason = this.#reason ?? (this.#disconnected ? undefined : "lost without a disconnect message");
      observer.connectionClosed?.({
        ...authentication.about,
        ...(!this.authenticated && version !== undefined && { version: printable(version) }),
        reason: reason && printable(reason),
        milliseconds: performance.now() - this.#start,
        bytesIn: socket.bytesRead,
        bytesOut: socket.bytesWritten,
      });
    });
    onDisconnect(connection, (reason) => {
      this.#reason ??= reason;
      this.#disconnected = true;
    });
    connection.on("authentication", (context: AuthContext) => void authentication.handle(context));
    let joined: Turn | undefined;
    const turn = () => {
      const { peer } = authentication;
      if (joined === undefined && peer !== undefined && !socket.destroyed) {
        joined = config.accounts.of(peer).key.turn;
        socket.on("close", joinTurns(peer, joined));
      }
      return joined;
    };
    guardConnection({
      connection,
      socket,
      limits: config.guard,
      observer,
      about: () => authentication.about,
      isUnauthenticated: () => authentication.peer === undefined,
      scheduleExchange: (exchange) => config.exchanges.add({ source, ...exchange }),
      idle: {
        timeout: config.guard.idleTimeout,
        unusedChannels: () => channels.unused,
        hasListeners: () => channels.hasListeners,
        drain: () => channels.drain("the connection is idle"),
        end: () => {
          this.#reason ??= `not used for ${config.guard.idleTimeout} ms (idleTimeout)`;
          this.#close(this.#reason);
        },
      },
      turn,
      abort: (reason) => this.#abort(reason),
    });
    announceHostKeys(connection, config.hostKeys);
    const channels = new Channels({
      connection,
      socket,
      peer: () => authentication.peer,
      about: () => authentication.about,
      lost: () =>
        new Error(`the connection of ${address} was lost${this.#reason ? `: ${printable(this.#reason)}` : ""}`),
      // Not a copy of the whole configuration: an object of so many properties is a dictionary, which is large and slow.
      handlers: config.handlers,
      session: config.session,
      sessionTimeout: config.sessionTimeout,
      maxChannels: config.maxChannels,
      accounts: config.accounts,
      forwarding: config.forwarding,
      observer,
    });
    this.#channels = channels;
  }

  /** Whether the peer has authenticated. */
  get authenticated(): boolean {
    return this.#authentication.peer !== undefined;
  }

  /** Looks the grants of the peer up again, because a list may have changed. */
  reauthorize(): void {
    void this.#authentication.reauthorize();
  }

  /** How the peer failed before it authenticated, if it did. */
  failure(): FailureKind | undefined {
    if (this.authenticated) return undefined;
    if (this.#hasViolation) return "protocolError";
    return ({ failed: "authFail", none: "noAuth", undecided: undefined } as const)[this.#authentication.attempts];
  }

  /**
   * Sends SSH_MSG_DISCONNECT and closes the connection, because the server stops. The calls of commands have ended, but their output
   * and exit status may be on the way: they have a second.
   */
  close(): void {
    const close = (): void => this.#close("the server is closing");
    const ended = this.#channels.commandsEnded;
    if (ended === undefined) {
      close();
      return;
    }
    let timer = setTimeout(close, EXIT_GRACE);
    // ssh ends at a DISCONNECT without writing what it has read before: it closes the connection itself.
    void ended.then(() => {
      clearTimeout(timer);
      if (!this.#socket.destroyed) timer = setTimeout(close, LEAVE_GRACE);
    });
    this.#socket.once("close", () => clearTimeout(timer));
  }

  /** Ends an unauthenticated connection at once, for the reason that the gate has reported. */
  refuse(reason: string): void {
    this.#authentication.end();
    breakOff(this.#connection, this.#socket, reason);
  }

  #close(text: string): void {
    this.#disconnected = true;
    this.#authentication.end();
    hangUp(this.#connection, this.#socket, text);
  }

  /** @param text for the peer */
  #abort(reason: string, text = reason): void {
    this.#fail(reason, { isViolation: true });
    breakOff(this.#connection, this.#socket, text, DISCONNECT_REASON.protocolError);
  }

  #fail(reason: string, { isViolation }: { readonly isViolation: boolean }): void {
    this.#reason ??= reason;
    this.#hasViolation ||= isViolation;
    this.#authentication.end();
  }
}

/** Whether an error is a protocol violation: not a network error, a disconnect message, or a failed algorithm negotiation. */
function isViolation({ level, code }: Ssh2Error): boolean {
  return level !== "socket" && level !== "handshake" && code === undefined;
}
