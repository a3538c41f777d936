import type { Socket } from "node:net";
import type { Connection, ServerChannel, Session } from "ssh2";
import type { Logger } from "../log.js";
import type { Peer } from "../peer.js";
import { ChannelDuplex } from "./channel-duplex.js";
import { SUBSYSTEM } from "./subsystem.js";
import type { WaysIn } from "./ways-in.js";

/** What the sessions of one connection belong to. */
export interface SessionSetting {
  readonly connection: Connection;
  readonly socket: Socket;
  /** Who opens them; undefined before it is proven. */
  readonly peer: () => Peer | undefined;
  /** The error of a channel whose connection went away. */
  readonly lost: () => Error;
  /** Ends the connection at once, with the reason for the log. */
  readonly abort: (reason: string) => void;
  readonly ways: WaysIn;
  readonly maxChannels: number;
  readonly log: Logger;
}

/**
 * The smallest packets that a client may ask for (RFC 4254, section 5.1). With 0, ssh2 would write for ever, and with
 * 1 for seconds.
 */
const MIN_PACKET = 1024;

/** The sessions of one connection: each is given to the way in that its client asks for. */
export class Sessions {
  readonly #setting: SessionSetting;
  #channels = 0;

  constructor(setting: SessionSetting) {
    this.#setting = setting;
    setting.connection.on("session", (accept, reject) => this.#open(accept, reject));
  }

  #open(accept: () => Session, reject: () => void): void {
    const peer = this.#setting.peer();
    if (peer === undefined || this.#channels >= this.#setting.maxChannels) {
      reject();
      return;
    }
    // A session without a channel never gives its place back: ssh2 keeps what belongs to it until the connection ends.
    this.#channels++;
    const session = accept() as Session & {
      readonly _chanInfo: { readonly outgoing: { readonly packetSize: number } };
    };
    const { packetSize } = session._chanInfo.outgoing;
    if (packetSize < MIN_PACKET) {
      this.#setting.abort(`the client asks for packets of ${packetSize} bytes`);
      return;
    }
    // Shell, exec, pty, environment and forwarding are refused by ssh2 where nobody listens for them.
    session.on("subsystem", (take: () => ServerChannel | undefined, refuse: (() => void) | undefined, info) => {
      if (info.name === SUBSYSTEM) this.#serve(take(), peer);
      else refuse?.();
    });
  }

  /** @param channel Undefined where the session has one already. */
  #serve(channel: ServerChannel | undefined, peer: Peer): void {
    if (channel === undefined) return;
    const { connection, socket, lost, ways, log } = this.#setting;
    channel.on("close", () => this.#channels--);
    const duplex = new ChannelDuplex(channel, { connection, socket, lost, server: true });
    try {
      ways.native(duplex, peer);
    } catch (error) {
      log.error({ user: peer.user, address: peer.address, err: error }, "the channel could not be served");
      duplex.destroy();
    }
  }
}
