import type { Socket } from "node:net";
import type { Connection, ServerChannel, Session } from "ssh2";
import type { Logger } from "../../base/log.js";
import type { Peer } from "../../base/peer.js";
import { printable } from "../../base/printable.js";
import { attempt } from "../ssh2/attempt.js";
import { ChannelDuplex } from "../ssh2/channels/channel-duplex.js";
import { CHANNEL_REFUSAL, refuseChannel } from "../ssh2/channels/refuse-channel.js";
import { SessionDuplex } from "../ssh2/channels/session-duplex.js";
import { SUBSYSTEM } from "../subsystem.js";
import type { ChannelHandlers } from "./channel-handlers.js";
import { decide } from "./forwarding/decide.js";
import type { SessionRequest, SessionRule } from "./forwarding/forwarding-options.js";
import { reasonOf } from "./forwarding/reason-of.js";
import { SessionChannel } from "./session-channel.js";
import { SessionRequests } from "./session-requests.js";

/** What the sessions of one connection belong to. */
export interface SessionConfig {
  readonly connection: Connection;
  readonly socket: Socket;
  /** Who opens them; undefined before it is proven. */
  readonly peer: () => Peer | undefined;
  /** The error of a channel whose connection went away. */
  readonly lost: () => Error;
  readonly ways: ChannelHandlers;
  /** Asked before a session is served. */
  readonly session?: SessionRule | undefined;
  readonly maxChannels: number;
  /** Its lines say whose connection it is. */
  readonly log: Logger;
}

/** The exit status of what a rule refuses: a status of 403, as exec has it. */
const FORBIDDEN = 4;

/** Milliseconds that a rule has to decide. */
const DECISION_TIMEOUT = 10_000;

/** The parts of ssh2's objects that its types do not show. */
interface SessionInternals {
  readonly _channel: ServerChannel | undefined;
  readonly _chanInfo: {
    readonly incoming: { readonly id: number };
    readonly outgoing: { readonly id: number };
  };
}
interface ConnectionInternals {
  readonly _protocol: { channelClose(recipient: number): void };
  readonly _chanMgr: { remove(id: number): void };
}
interface ChannelInternals {
  readonly incoming: { state: "open" | "eof" | "closed" };
}

type Accept = () => ServerChannel | undefined;
type Refuse = (() => void) | undefined;

/** The sessions of one connection: each is given to the way in that its client asks for. */
export class Sessions {
  readonly #config: SessionConfig;
  #open = 0;

  constructor(config: SessionConfig) {
    this.#config = config;
    config.connection.on("session", (accept, reject) => this.#start(accept, reject));
  }

  #start(accept: () => Session, reject: () => void): void {
    const { connection, maxChannels } = this.#config;
    const peer = this.#config.peer();
    if (peer === undefined) {
      refuseChannel(connection, reject, CHANNEL_REFUSAL.prohibited);
      return;
    }
    if (this.#open >= maxChannels) {
      this.#refuse("session", `${maxChannels} sessions are open (maxChannels)`);
      refuseChannel(connection, reject, CHANNEL_REFUSAL.resourceShortage, "too many sessions");
      return;
    }
    this.#open++;
    const session = accept() as Session & SessionInternals;
    // The channel's own event comes later, and by then the client may have asked for another session.
    session.on("close", () => {
      this.#open--;
      if (session._channel === undefined) this.#close(session);
    });
    const requests = new SessionRequests(session, peer);
    const serve = (request: SessionRequest, take: Accept, serve: (session: SessionChannel) => void): void => {
      const channel = take();
      if (channel === undefined) return;
      const started = this.#session(channel, requests, peer);
      void this.#admit(request, started, () => serve(started));
    };
    session.on("subsystem", (take: Accept, refuse: Refuse, { name }) => {
      if (name === SUBSYSTEM) this.#native(take(), peer);
      else this.#refuse(`the subsystem ${printable(name)}`, "there is none of that name", refuse);
    });
    session.on("exec", (take: Accept, refuse: Refuse, { command }) => {
      const { exec } = this.#config.ways;
      // Its length is bounded: ssh2 ends a connection that sends a packet of more than 35,000 bytes.
      if (exec === undefined) this.#refuse("exec", "commands are not served", refuse);
      else serve({ kind: "exec", command }, take, (started) => exec(started, command));
    });
    session.on("shell", (take: Accept, refuse: Refuse) => {
      const { shell } = this.#config.ways;
      if (shell === undefined) this.#refuse("shell", "no shell is served", refuse);
      else serve({ kind: "shell" }, take, (started) => shell(started));
    });
    // Agent and X11 forwarding are refused by ssh2, because nobody listens for them.
  }

  /** ssh2 keeps a session that ends before anything ran in it, and its peer waits for an answer. */
  #close(session: SessionInternals): void {
    const { _protocol, _chanMgr } = this.#config.connection as Connection & ConnectionInternals;
    _chanMgr.remove(session._chanInfo.incoming.id);
    attempt(() => _protocol.channelClose(session._chanInfo.outgoing.id));
  }

  /**
   * Serves a session that the rule allows. Its channel is open by then: SSH has no other way to say why it is refused,
   * and what the client sends meanwhile would be lost.
   */
  async #admit(request: SessionRequest, session: SessionChannel, serve: () => void): Promise<void> {
    const refusal = await this.#refusalOf(request, session.peer);
    if (refusal === undefined) {
      try {
        serve();
        return;
      } catch (error) {
        this.#config.log.error({ kind: request.kind, err: error }, "the session could not be served");
        session.stream.destroy();
        return;
      }
    }
    this.#refuse(request.kind, refusal.reason);
    if (refusal.told !== "") await session.writeError(`${refusal.told}\n`);
    await session.exit(FORBIDDEN);
  }

  #native(channel: ServerChannel | undefined, peer: Peer): void {
    if (channel === undefined) return;
    const { connection, socket, lost, ways, log, session } = this.#config;
    const duplex = new ChannelDuplex(channel, { connection, socket, lost, server: true });
    const serve = (): void => {
      try {
        ways.native(duplex, peer);
      } catch (error) {
        log.error({ err: error }, "the channel could not be served");
        duplex.destroy();
      }
    };
    // Nothing may come between the channel and what reads it, where nobody has to be asked.
    if (session === undefined) serve();
    else {
      duplex.on("error", () => {});
      void this.#refusalOf({ kind: "sshrpc" }, peer).then((refusal) => {
        if (refusal === undefined) return serve();
        this.#refuse("sshrpc", refusal.reason);
        duplex.destroy();
      });
    }
  }

  async #refusalOf(request: SessionRequest, peer: Peer): Promise<ReturnType<typeof reasonOf> | undefined> {
    const { session } = this.#config;
    if (session === undefined) return undefined;
    const answer = await decide(session, request, peer, DECISION_TIMEOUT);
    return answer === true ? undefined : reasonOf(answer);
  }

  #session(channel: ServerChannel, requests: SessionRequests, peer: Peer): SessionChannel {
    const { connection, socket, lost } = this.#config;
    const session = new SessionChannel(new SessionDuplex(channel, { connection, socket, lost }), requests, peer);
    if (requests.ended) {
      (channel as ServerChannel & ChannelInternals).incoming.state = "eof";
      channel.push(null);
    }
    return session;
  }

  #refuse(kind: string, reason: string, refuse?: Refuse): void {
    this.#config.log.info({ kind, reason }, "session refused");
    refuse?.();
  }
}
