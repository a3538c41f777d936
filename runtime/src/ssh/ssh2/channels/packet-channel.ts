import type { Channel } from "ssh2";
import { isExchangingKeys } from "../internals.js";
import { type ChannelConfig, ChannelDuplex, SOCKET_LIMIT } from "./channel-duplex.js";

/** The parts of ssh2's channel that its types do not show. */
interface ChannelInternals {
  readonly outgoing: { readonly window: number; packetSize: number };
  /** With this set, ssh2 calls `_chunkcb` when the other side has enlarged the window. */
  _waitWindow: boolean;
  _chunkcb: (() => void) | undefined;
}

/** Bytes of the largest packet that is sent, whatever the other side asks for. */
const MAX_PACKET = 4 * 1024 * 1024;

/**
 * A channel for protocols that take one SSH_MSG_CHANNEL_DATA (RFC 4254, section 5.2) for one message: what
 * {@link PacketChannel.send} is given leaves in exactly one, whole and alone. Whoever gets it destroys it; beside `send` it
 * must not be written to.
 */
export class PacketChannel extends ChannelDuplex {
  readonly #channel: Channel & ChannelInternals;
  readonly #config: ChannelConfig;
  /**
   * Bytes of the largest packet that can be sent: what the other side takes, and what the window it granted first holds; 4 MiB
   * at most.
   */
  readonly maxPacket: number;
  #last: Promise<unknown> = Promise.resolve();

  /** @param packetSize what the other side takes, where that is more than ssh2 was told */
  constructor(channel: Channel, config: ChannelConfig, packetSize?: number) {
    super(channel, config);
    this.#channel = channel as Channel & ChannelInternals;
    this.#config = config;
    const { outgoing } = this.#channel;
    // ssh2 would cut what is larger.
    if (packetSize !== undefined) outgoing.packetSize = Math.min(packetSize, MAX_PACKET);
    this.maxPacket = Math.min(outgoing.packetSize, outgoing.window);
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
      const whose = this.maxPacket === MAX_PACKET ? "one packet can have" : "the other side takes";
      throw new Error(`a packet of ${packet.length} bytes is over the ${this.maxPacket} that ${whose}`);
    }
    await this.#room(packet.length, patience);
    await this.#turn();
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

  /** Large packets of many channels must not wait in memory together: each waits until those before it have left. */
  async #turn(): Promise<void> {
    const { connection, socket } = this.#config;
    while (!this.destroyed) {
      if (isExchangingKeys(connection)) await this.#next(connection, "handshake");
      else if (socket.writableLength > SOCKET_LIMIT) await this.#next(socket, "drain");
      else return;
    }
  }

  /** Waits for an event, or for the end. */
  #next(emitter: NodeJS.EventEmitter, event: string): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        emitter.off(event, go);
        this.off("close", go);
        resolve();
      };
      emitter.on(event, go);
      this.on("close", go);
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
