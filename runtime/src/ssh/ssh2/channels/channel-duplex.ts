import { Duplex } from "node:stream";
import type { Channel, ClientChannel } from "ssh2";
import { attempt } from "../attempt.js";
import { isExchangingKeys } from "../internals.js";

/** What an SSH channel runs on. */
export interface ChannelConfig {
  /** The SSH connection, of either side: its 'close' is certain to come once `socket` is destroyed. */
  readonly connection: NodeJS.EventEmitter;
  readonly socket: Duplex;
  /** The error of a duplex whose connection went away. */
  readonly lost: () => Error;
  /** Whether this is the serving side, which reports success (RFC 4254, section 6.10) when it ends. */
  readonly server: boolean;
}

/** The parts of ssh2's channel that its types do not show. */
interface ChannelInternals {
  readonly incoming: { readonly state: "open" | "eof" | "closed" };
  readonly outgoing: { readonly state: "open" | "eof" | "closing" | "closed" };
  eof(): void;
  close(): void;
  exit?(status: number): void;
}

/** In bytes, in each direction, beside the 2 MiB window of the channel. */
const HIGH_WATER_MARK = 256 * 1024;

/** The bytes that ssh2 sends in one packet at most. */
const PACKET = 32 * 1024;

/** How many bytes may wait in the TCP socket before writes wait, too: ssh2 itself would go on as far as the window. */
export const SOCKET_LIMIT = 1024 * 1024;

/**
 * A channel of ssh2 as the duplex that Node promises and ssh2's own is not: destroying it destroys it; its 'close' comes
 * also when the peer is killed, and then with an error; either side may end while the other goes on; and a slow TCP socket
 * slows its writer, as does an exchange of keys. Whoever gets it destroys it.
 */
export class ChannelDuplex extends Duplex {
  readonly #channel: Channel & ChannelInternals;
  readonly #config: ChannelConfig;
  #gone = false;

  constructor(channel: Channel, config: ChannelConfig) {
    super({ highWaterMark: HIGH_WATER_MARK, decodeStrings: true });
    this.#channel = channel as Channel & ChannelInternals;
    this.#config = config;
    // Whoever forgets the other stream of a client's channel stops the channel once its window is full.
    if (!config.server) (channel as ClientChannel).stderr.resume();
    channel.on("data", (chunk: Buffer) => {
      // What comes for a duplex that is destroyed is dropped, but read: the channel would never close.
      if (!this.push(chunk) && !this.destroyed) channel.pause();
    });
    channel.on("end", this.#onEnd);
    channel.on("close", this.#onGone);
    channel.on("error", (error: Error) => this.destroy(error));
    config.connection.on("close", this.#onGone);
  }

  readonly #onEnd = (): void => {
    // A killed peer ends its channel too, but its connection has closed before, and #onGone has seen that.
    if (!this.destroyed) this.push(null);
  };

  readonly #onGone = (): void => {
    if (this.#gone || this.destroyed) return;
    this.#gone = true;
    const ended = this.#channel.incoming.state !== "open";
    if (!ended || this.writableLength > 0) this.destroy(this.#config.lost());
    else if (this.readableEnded) this.destroy();
    // What the peer sent before it said goodbye can still be read.
    else this.once("end", () => this.destroy());
  };

  override _read(): void {
    this.#channel.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send(chunk, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    const size = chunks.reduce((sum, { chunk }) => sum + chunk.length, 0);
    if (size <= PACKET) this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
    else this.#sendEach(chunks, 0, done);
  }

  /** What fills packets anyhow need not be copied into one piece. */
  #sendEach(chunks: { chunk: Buffer }[], at: number, done: (error?: Error | null) => void): void {
    const next = chunks[at];
    if (next === undefined) done();
    else this.#send(next.chunk, (error) => (error ? done(error) : this.#sendEach(chunks, at + 1, done)));
  }

  #send(chunk: Buffer, done: (error?: Error | null) => void): void {
    // ssh2 would never answer a write on a channel that is not open.
    if (this.#gone || this.#channel.outgoing.state !== "open") {
      done(this.#config.lost());
      return;
    }
    try {
      this.#channel.write(chunk, (error) => (error ? done(error) : this.#whenSent(done)));
    } catch (error) {
      done(error as Error);
    }
  }

  /** Waits until what was written last has left, as far as it has to. */
  #whenSent(done: (error?: Error | null) => void): void {
    const { connection, socket } = this.#config;
    if (socket.destroyed) done();
    else if (isExchangingKeys(connection)) connection.once("handshake", () => this.#whenSent(done));
    else if (socket.writableLength > SOCKET_LIMIT) socket.once("drain", () => done());
    else done();
  }

  override _final(done: (error?: Error | null) => void): void {
    attempt(() => {
      if (this.#config.server) this.#channel.exit?.(0);
      // Not end(), which closes a server's channel: what the client sends after it would be lost.
      this.#channel.eof();
    });
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#config.connection.off("close", this.#onGone);
    // What still comes has to be read, or the channel never closes.
    this.#channel.resume();
    attempt(() => this.#channel.close());
    done(error);
  }
}
