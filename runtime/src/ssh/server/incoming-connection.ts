import type { Socket } from "node:net";
import type { AuthContext, Connection } from "ssh2";
import { printable } from "../../base/printable.js";
import type { GuardConfig } from "../admission/guard-config.js";
import type { FailureKind } from "../admission/source-penalties.js";
import { hangUp } from "../ssh2/hang-up.js";
import { onDisconnect } from "../ssh2/on-disconnect.js";
import { guardConnection } from "../ssh2/packets/guard-connection.js";
import { Authentication } from "./auth/authentication.js";
import type { AuthenticationConfig } from "./auth/authentication-config.js";
import type { ChannelHandlers } from "./channel-handlers.js";
import type { SessionRule } from "./forwarding/forwarding-options.js";
import type { ForwardingRules } from "./forwarding/forwarding-rules.js";
import { serveChannels } from "./serve-channels.js";

/** What a server does with its connections. */
export interface IncomingConfig extends AuthenticationConfig {
  readonly guard: GuardConfig;
  readonly ways: ChannelHandlers;
  readonly session?: SessionRule | undefined;
  readonly forwarding: ForwardingRules;
  readonly maxChannels: number;
}

/** What ssh2 adds to its errors; the code is that of the system, or of the peer's goodbye. */
type Ssh2Error = Error & { readonly level?: string; readonly code?: unknown };

/** One SSH connection of a server: it lets its peer in, and gives what that opens to the ways in. */
export class IncomingConnection {
  readonly #connection: Connection;
  readonly #socket: Socket;
  readonly #authentication: Authentication;
  #reason: string | undefined;
  #broken = false;
  /** Whether either side has said goodbye. */
  #isOver = false;
  readonly #start = performance.now();

  /** Made in the turn in which ssh2 announces the connection: an error that nobody hears would end the process. */
  constructor(connection: Connection, socket: Socket, address: string, config: IncomingConfig) {
    this.#connection = connection;
    this.#socket = socket;
    const authentication = new Authentication(config, address, {
      giveUp: (reason) => {
        this.#reason ??= reason;
        this.close();
      },
      abort: (reason) => this.#abort(reason),
    });
    this.#authentication = authentication;
    // Each channel listens to both for its end.
    connection.setMaxListeners(0);
    socket.setMaxListeners(0);
    // ssh2 may go on reading after an error; nothing good comes after one.
    connection.on("error", (error: Ssh2Error) => {
      // Its last words may say which algorithms would do.
      socket.uncork();
      this.#cutOff(error.message, isOffence(error));
    });
    connection.on("close", () => {
      authentication.end();
      const why = this.#reason ?? (this.#isOver ? undefined : "lost without a goodbye");
      const reason = why !== undefined && { reason: printable(why) };
      const traffic = { bytesIn: socket.bytesRead, bytesOut: socket.bytesWritten };
      const milliseconds = Math.round(performance.now() - this.#start);
      config.log.info({ ...authentication.who, ...reason, milliseconds, ...traffic }, "SSH connection closed");
    });
    onDisconnect(connection, (reason) => {
      this.#reason ??= reason;
      this.#isOver = true;
    });
    connection.on("authentication", (context: AuthContext) => void authentication.handle(context));
    guardConnection({
      connection,
      socket,
      config: config.guard,
      log: config.log,
      who: () => authentication.who,
      isUnauthenticated: () => authentication.peer === undefined,
      abort: (reason) => this.#abort(reason),
    });
    serveChannels({
      connection,
      socket,
      peer: () => authentication.peer,
      who: () => authentication.who,
      lost: () =>
        new Error(`the connection of ${address} was lost${this.#reason ? `: ${printable(this.#reason)}` : ""}`),
      ...config,
    });
  }

  /** Whether the peer has proven who it is. */
  get authenticated(): boolean {
    return this.#authentication.peer !== undefined;
  }

  /** Looks up again what its peer has proven, because the lists may have changed. */
  recheck(): void {
    void this.#authentication.recheck();
  }

  /** What its peer did wrong before it had logged in, if anything. */
  judge(): FailureKind | undefined {
    if (this.authenticated) return undefined;
    if (this.#broken) return "protocolError";
    return ({ failed: "authFail", none: "noAuth", undecided: undefined } as const)[this.#authentication.attempts];
  }

  /** Says goodbye and closes. */
  close(): void {
    this.#isOver = true;
    this.#authentication.end();
    hangUp(this.#connection, this.#socket);
  }

  #abort(reason: string): void {
    this.#cutOff(reason, true);
  }

  #cutOff(reason: string, isBroken: boolean): void {
    this.#reason ??= reason;
    this.#broken ||= isBroken;
    this.#socket.destroy();
  }
}

/** Whether an error tells of a peer that breaks the protocol: not of the network, of a goodbye, or of a missing algorithm. */
function isOffence({ level, code }: Ssh2Error): boolean {
  return level !== "socket" && level !== "handshake" && code === undefined;
}
