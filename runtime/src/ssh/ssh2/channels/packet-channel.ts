import type { Channel } from "ssh2";
import { type ChannelInternals, channelInternals, isExchangingKeys } from "../internals.js";
import { type ChannelConfig, ChannelDuplex, SOCKET_LIMIT } from "./channel-duplex.js";

/** Bytes of the largest packet that is sent, even if the peer asks for larger ones. */
const MAX_PACKET = 4 * 1024 * 1024;

/**
 * A channel for protocols that treat one SSH_MSG_CHANNEL_DATA (RFC 4254, section 5.2) as one message: each {@link
 * PacketChannel.send} leaves in exactly one. ssh2 sends the part of a write that fits the window (Channel.js:168 to
 * 183) and the rest later; we write only when all of it fits, and use the hook of its window adjustment (server.js:781)
 * to wait. Its owner destroys it, and writes with `send` alone.
 * test/unit/runtime/ssh/ssh2/channels/packet-channel.test.ts notices a change.
 */
export class PacketChannel extends ChannelDuplex {
  readonly #state: ChannelInternals;
  readonly #config: ChannelConfig;
  /** Bytes of the largest packet that can be sent: the peer's packet size or its initial window, at most 4 MiB. */
  readonly maxPacket: number;
  #last: Promise<unknown> = Promise.resolve();

  /** @param packetSize the packet size that the peer asked for, where ssh2 has a smaller one */
  constructor(channel: Channel, config: ChannelConfig, packetSize?: number) {
    super(channel, config);
    this.#state = channelInternals(channel);
    this.#config = config;
    const { outgoing } = this.#state;
    // ssh2 cuts larger writes.
    if (packetSize !== undefined) outgoing.packetSize = Math.min(packetSize, MAX_PACKET);
    this.maxPacket = Math.min(outgoing.packetSize, outgoing.window);
  }

  /**
   * Sends one packet, after those before it, as soon as the peer's window has room for all of it. Resolves when it was
   * written to the socket.
   * @param timeout milliseconds to wait for the window
   * @throws Error where that time is over, the packet is larger than {@link maxPacket}, or the channel is closed
   */
  send(packet: Buffer, timeout: number): Promise<void> {
    const sent = this.#last.then(() => this.#send(packet, timeout));
    this.#last = sent.catch(() => undefined);
    return sent;
  }

  async #send(packet: Buffer, timeout: number): Promise<void> {
    if (packet.length > this.maxPacket) {
      const limit = this.maxPacket === MAX_PACKET ? "the limit" : "the peer's limit";
      throw new Error(`packet of ${packet.length} bytes exceeds ${limit} of ${this.maxPacket} bytes`);
    }
    await this.#waitForWindow(packet.length, timeout);
    await this.#waitForSocket();
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

  /** Bounds the memory for large packets of many channels: each waits until the socket has drained. */
  async #waitForSocket(): Promise<void> {
    const { connection, socket } = this.#config;
    while (!this.destroyed) {
      if (isExchangingKeys(connection)) await this.#eventOrClose(connection, "handshake");
      else if (socket.writableLength > SOCKET_LIMIT) await this.#eventOrClose(socket, "drain");
      else return;
    }
  }

  /** Waits for an event, or for the end of this channel. */
  #eventOrClose(emitter: NodeJS.EventEmitter, event: string): Promise<void> {
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

  #waitForWindow(size: number, timeout: number): Promise<void> {
    const channel = this.#state;
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
        end(new Error(`the peer's window has no room for ${size} bytes after ${timeout} ms`));
      }, timeout);
      this.once("close", closed);
      if (this.destroyed) closed();
      else listen();
    });
  }
}
