import type { Socket } from "node:net";
import type { Connection, ServerChannel, Session } from "ssh2";
import type { ServerAccount } from "../../base/accounts/server-account.js";
import type { ConnectionEvent, Observer, SessionEvent } from "../../base/observer/observer.js";
import type { Peer } from "../../base/peer.js";
import { printable } from "../../base/printable.js";
import { ChannelDuplex } from "../ssh2/channels/channel-duplex.js";
import { CHANNEL_REFUSAL, refuseChannel } from "../ssh2/channels/refuse-channel.js";
import { SessionDuplex } from "../ssh2/channels/session-duplex.js";
import { endInput, releaseSession } from "../ssh2/channels/session-state.js";
import { type ChannelHandler, type ChannelRequest, type ChannelUse, findHandler } from "./channel-handler.js";
import { decide, denialOf, type RuleDenial } from "./forwarding/decide.js";
import { channelConfig } from "./forwarding/forwarding-config.js";
import type { SessionRequest, SessionRule } from "./forwarding/forwarding-options.js";
import { SessionChannel } from "./session-channel.js";
import { SessionRequests } from "./session-requests.js";

/** What the sessions of one connection need. */
export interface SessionsConfig {
  readonly connection: Connection;
  readonly socket: Socket;
  /** The authenticated peer; undefined before. */
  readonly peer: () => Peer | undefined;
  /** The error of a channel whose connection was lost. */
  readonly lost: () => Error;
  readonly handlers: readonly ChannelHandler[];
  /** Decides on each session before it is served. */
  readonly session?: SessionRule | undefined;
  /** Timeout of `session`, in ms. */
  readonly sessionTimeout: number;
  readonly maxChannels: number;
  /** Counts what the peer holds. */
  readonly accounts: ServerAccount;
  readonly observer: Observer;
  /** The connection of its events. */
  readonly about: () => ConnectionEvent;
}

/** Exit statuses of refused sessions, as exec maps statuses: 403 where the rule denies, 5xx where it fails. */
const EXIT_DENIED = 4;
const EXIT_FAILED = 5;

/** Milliseconds after its end for which a command counts as one that runs. */
const LEAVE_TIME = 500;

/** What a session runs. */
type Served = Pick<SessionEvent, "kind" | "name">;

/** A subsystem that a session requests. */
interface SubsystemRequest {
  readonly name: string;
  readonly peer: Peer;
  readonly handler: ChannelHandler;
  /** Reports that the session is served. */
  readonly opened: () => void;
}

type Accept = () => ServerChannel | undefined;
type Refuse = (() => void) | undefined;

/** The sessions of one connection: each is served by the handler of its request. */
export class Sessions {
  readonly #config: SessionsConfig;
  #open = 0;
  /** The sessions that run a command or a shell, or did a moment ago. */
  readonly #commands = new Set<SessionChannel>();
  /** The channels of subsystems, as far as they may be open without being in use. */
  readonly #uses = new Set<ChannelUse>();

  constructor(config: SessionsConfig) {
    this.#config = config;
    config.connection.on("session", (accept, reject) => this.#start(accept, reject));
  }

  /** The channels that are not in use. */
  get unused(): readonly ChannelUse[] {
    return [...this.#uses].filter(({ isInUse }) => !isInUse);
  }

  /** Resolves when the commands and shells that run have exited; undefined where none runs. */
  get commandsEnded(): Promise<unknown> | undefined {
    return this.#commands.size === 0 ? undefined : Promise.all([...this.#commands].map(({ closed }) => closed));
  }

  #start(accept: () => Session, reject: () => void): void {
    const { connection, maxChannels } = this.#config;
    const peer = this.#config.peer();
    if (peer === undefined) {
      refuseChannel(connection, reject, CHANNEL_REFUSAL.prohibited);
      return;
    }
    if (this.#open >= maxChannels) {
      this.#refuse({ kind: "session" }, `${maxChannels} sessions are open (maxChannels)`);
      refuseChannel(connection, reject, CHANNEL_REFUSAL.resourceShortage, "too many sessions");
      return;
    }
    this.#open++;
    const session = accept();
    const opened = this.#report(session);
    // Not the channel's own "close", which comes later: by then the client may have requested another session.
    session.on("close", () => {
      this.#open--;
      releaseSession(connection, session);
    });
    const requests = new SessionRequests(session, peer);
    const serve = (
      request: ChannelRequest<"exec" | "shell" | "subsystem">,
      take: Accept,
      refuse: Refuse,
      handler = findHandler(this.#config.handlers, request),
    ): void => {
      if (handler === undefined) {
        this.#refuse(request, `${request.kind === "exec" ? "commands" : "shells"} are not served`, refuse);
        return;
      }
      const channel = take();
      if (channel === undefined) return;
      const started = this.#session(channel, requests, peer);
      this.#commands.add(started);
      // A client needs a moment to read its end, and to leave.
      void started.closed.then(() => setTimeout(() => this.#commands.delete(started), LEAVE_TIME).unref());
      void this.#admit(request, started, () => {
        opened(request);
        handler.run(started, request);
      });
    };
    session.on("subsystem", (take: Accept, refuse: Refuse, { name }) => {
      const request = subsystem(name);
      const handler = findHandler(this.#config.handlers, request);
      if (handler?.asSession) serve(request, take, refuse, handler);
      else if (handler === undefined) this.#refuse(request, "unknown subsystem", refuse);
      else this.#subsystem({ name, peer, handler, opened: () => opened(request) }, take());
    });
    // The command's length is bounded: ssh2 ends a connection that sends a packet of more than 35,000 bytes.
    session.on("exec", (take: Accept, refuse: Refuse, { command }) => serve({ kind: "exec", command }, take, refuse));
    session.on("shell", (take: Accept, refuse: Refuse) => serve({ kind: "shell" }, take, refuse));
    // Requests for agent and X11 forwarding have no listener, so ssh2 refuses them.
  }

  /**
   * Serves a session that the rule allows. The request is accepted before the rule decides: SSH carries no reason with a
   * refused request, and ssh2 would drop what the client sends meanwhile.
   */
  async #admit(request: SessionRequest, session: SessionChannel, serve: () => void): Promise<void> {
    const denial = await this.#denialOf(request, session.peer);
    if (denial === undefined) {
      try {
        serve();
      } catch (error) {
        this.#failed("the session could not be served", error, { kind: request.kind });
        session.stream.destroy();
      }
      return;
    }
    this.#refuse(request, denial.reason);
    if (denial.peerReason !== "") await session.writeError(`${denial.peerReason}\n`);
    await session.exit(denial.isFailure ? EXIT_FAILED : EXIT_DENIED);
  }

  #subsystem({ name, peer, handler, opened }: SubsystemRequest, channel: ServerChannel | undefined): void {
    if (channel === undefined) return;
    const { session } = this.#config;
    const duplex = new ChannelDuplex(channel, channelConfig(this.#config));
    const serve = (): void => {
      opened();
      try {
        const use = handler.run({ stream: duplex, peer }, { kind: "subsystem", name });
        if (!use) return;
        this.#uses.add(use);
        duplex.on("close", () => this.#uses.delete(use));
      } catch (error) {
        this.#failed("the channel could not be served", error);
        duplex.destroy();
      }
    };
    // Without a rule, the handler reads from the first turn on.
    if (session === undefined) {
      serve();
      return;
    }
    duplex.on("error", () => {});
    const request = { kind: "subsystem", name } as const;
    void this.#denialOf(request, peer).then((denial) => {
      if (denial === undefined) return serve();
      this.#refuse(request, denial.reason);
      if (handler.deny === undefined || denial.peerReason === "") duplex.destroy();
      else handler.deny({ stream: duplex, peer }, denial.peerReason);
    });
  }

  /** The denial of the session rule; undefined where it allows the session. */
  async #denialOf(request: SessionRequest, peer: Peer): Promise<RuleDenial | undefined> {
    const { session, sessionTimeout: timeout } = this.#config;
    if (session === undefined) return undefined;
    const answer = await decide(session, request, peer, { name: "session rule", timeout });
    return answer === true ? undefined : denialOf(answer);
  }

  #session(channel: ServerChannel, requests: SessionRequests, peer: Peer): SessionChannel {
    const session = new SessionChannel(new SessionDuplex(channel, channelConfig(this.#config)), requests, peer);
    if (requests.ended) endInput(channel);
    return session;
  }

  /** Returns the function that reports that a session is served, and then its end. */
  #report(session: Session): (served: Served) => void {
    const { observer, about } = this.#config;
    let isClosed = false;
    session.on("close", () => {
      isClosed = true;
    });
    return (served) => {
      // It may have closed while the session rule decided.
      if (isClosed || (observer.sessionOpened ?? observer.sessionClosed) === undefined) return;
      const start = performance.now();
      const event = { ...about(), ...describe(served) };
      observer.sessionOpened?.(event);
      session.on("close", () => observer.sessionClosed?.({ ...event, milliseconds: performance.now() - start }));
    };
  }

  #refuse(served: Served, reason: string, refuse?: Refuse): void {
    const { observer, about } = this.#config;
    observer.sessionRefused?.({ ...about(), ...describe(served), reason });
    refuse?.();
  }

  #failed(message: string, error: unknown, fields: object = {}): void {
    const { observer, about } = this.#config;
    observer.diagnostic?.({ ...about(), level: "error", message, error, fields });
  }
}

/** The request of the subsystem with this name. */
function subsystem(name: string): SessionRequest & Served {
  return { kind: "subsystem", name };
}

/** Without the command, which may hold the content of a call. */
function describe({ kind, name }: Served): Pick<SessionEvent, "kind" | "name" | "transport"> {
  return { kind, ...(name !== undefined && { name: printable(name) }), transport: "ssh" };
}
