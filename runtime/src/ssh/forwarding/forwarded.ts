import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Channel } from "ssh2";
import { ChannelDuplex } from "../channel-duplex.js";
import { PacketChannel } from "../packet-channel.js";
import type { ForwardingSetting } from "./forwarding-setting.js";
import { splice } from "./splice.js";

/** The parts of ssh2's channel that its types do not show. */
interface ChannelInternals {
  readonly outgoing: { readonly packetSize: number };
}

/**
 * The smallest packets that a client may ask for (RFC 4254, section 5.1). With 0, ssh2 would write for ever, and with
 * 1 for seconds.
 */
const MIN_PACKET = 1024;

/** What is forwarded on one connection at the moment, in both directions: it is counted, and ends with the connection. */
export class Forwarded {
  readonly #setting: ForwardingSetting;
  readonly #ends = new Set<Duplex>();
  #places = 0;

  constructor(setting: ForwardingSetting) {
    this.#setting = setting;
    setting.connection.on("close", () => {
      for (const end of this.#ends) end.destroy();
    });
  }

  /** Takes a place, until what it returns is called; undefined where all are taken. */
  reserve(): (() => void) | undefined {
    if (this.#places >= this.#setting.forwarding.maxForwarded) return undefined;
    this.#places++;
    let held = true;
    return () => {
      if (held) this.#places--;
      held = false;
    };
  }

  /** A channel as a duplex; undefined where its client is ill-behaved, whose connection ends then. */
  toDuplex(channel: Channel): ChannelDuplex | undefined {
    return this.#isSane(channel) ? new ChannelDuplex(channel, this.#channelSetting) : undefined;
  }

  /** See {@link toDuplex}. */
  toPackets(channel: Channel): PacketChannel | undefined {
    return this.#isSane(channel) ? new PacketChannel(channel, this.#channelSetting) : undefined;
  }

  /** Joins a channel and a socket, which end with the connection; when they have, the audit log has it. */
  join(duplex: ChannelDuplex, socket: Socket, fields: object): void {
    const start = performance.now();
    for (const end of [duplex, socket]) {
      this.#ends.add(end);
      end.once("close", () => this.#ends.delete(end));
    }
    socket.once("close", () => {
      const bytes = { bytesIn: socket.bytesWritten, bytesOut: socket.bytesRead };
      const milliseconds = Math.round(performance.now() - start);
      this.#setting.log.info({ ...fields, ...bytes, milliseconds }, "forwarded connection ended");
    });
    splice(duplex, socket);
  }

  get #channelSetting() {
    const { connection, socket, lost } = this.#setting;
    return { connection, socket, lost, server: true };
  }

  #isSane(channel: Channel): boolean {
    const { packetSize } = (channel as Channel & ChannelInternals).outgoing;
    if (packetSize >= MIN_PACKET) return true;
    this.#setting.abort(`the client asks for packets of ${packetSize} bytes`);
    return false;
  }
}
