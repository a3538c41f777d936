import type { Channel } from "ssh2";
import { ChannelDuplex, type ChannelSetting } from "./channel-duplex.js";

/** The parts of ssh2's channel that its types do not show. */
interface ChannelInternals {
  readonly outgoing: { readonly window: number; readonly packetSize: number };
  /** With this set, ssh2 calls `_chunkcb` when the other side has enlarged the window. */
  _waitWindow: boolean;
  _chunkcb: (() => void) | undefined;
}

/**
 * A channel for protocols that take one SSH_MSG_CHANNEL_DATA (RFC 4254, section 5.2) for one message: what
 * {@link PacketChannel.send} is given leaves in exactly one, whole and alone. Whoever gets it destroys it; beside `send` it
 * must not be written to.
 */
export class PacketChannel extends ChannelDuplex {
  readonly #channel: Channel & ChannelInternals;
  /** Bytes of the largest packet that can be sent: what the other side takes, and what the window it granted first holds. */
  readonly maxPacket: number;
  #last: Promise<unknown> = Promise.resolve();

  constructor(channel: Channel, setting: ChannelSetting) {
    super(channel, setting);
    this.#channel = channel as Channel & ChannelInternals;
    const { packetSize, window } = this.#channel.outgoing;
    this.maxPacket = Math.min(packetSize, window);
  }

  /**
   * Sends one packet, after those before it, as soon as the other side has room for all of it. Resolves when it was
   * handed on.
   * @param patience milliseconds that the other side has to make room
   * @throws Error where it makes none, the packet is over {@link maxPacket}, or the channel is gone
   */
  send(packet: Buffer, patience: number): Promise<void> {
    const sent = this.#last.then(() => this.#send(packet, patience));
    this.#last = sent.catch(() => undefined);
    return sent;
  }

  async #send(packet: Buffer, patience: number): Promise<void> {
    if (packet.length > this.maxPacket) {
      throw new Error(`a packet of ${packet.length} bytes is over the ${this.maxPacket} that the other side takes`);
    }
    await this.#room(packet.length, patience);
    await new Promise<void>((resolve, reject) => {
      const closed = (): void => reject(new Error("the channel was closed"));
      this.once("close", closed);
      this.write(packet, (error) => {
        this.off("close", closed);
        if (error) reject(error);
        else resolve();
      });
    });
  }

  /** With less room than that, ssh2 would send a part now and the rest later. */
  #room(size: number, patience: number): Promise<void> {
    const channel = this.#channel;
    return new Promise((resolve, reject) => {
      if (channel.outgoing.window >= size) {
        resolve();
        return;
      }
      const end = (error?: Error): void => {
        clearTimeout(timer);
        this.off("close", closed);
        channel._waitWindow = false;
        channel._chunkcb = undefined;
        if (error === undefined) resolve();
        else reject(error);
      };
      const closed = (): void => end(new Error("the channel was closed"));
      const listen = (): void => {
        channel._waitWindow = true;
        channel._chunkcb = () => (channel.outgoing.window >= size ? end() : listen());
      };
      const timer = setTimeout(() => {
        end(new Error(`the other side made no room for ${size} bytes within ${patience} ms`));
      }, patience);
      this.once("close", closed);
      if (this.destroyed) closed();
      else listen();
    });
  }
}
