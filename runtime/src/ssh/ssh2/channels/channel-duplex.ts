import type { Duplex } from "node:stream";
import type { Channel, Client, ClientChannel, Connection } from "ssh2";
import type { ConnectionAccount } from "../../../base/accounts/connection-account.js";
import type { SshAlgorithms } from "../../../base/peer.js";
import { HIGH_WATER_MARK, ReleasingDuplex } from "../../../base/transport.js";
import { attempt, type ChannelInternals, channelInternals, isExchangingKeys } from "../internals.js";
import { negotiatedOf } from "../kex/negotiated.js";
import { ping } from "../ping.js";
import { SmallChunks } from "./small-chunks.js";
import { chargeUnread } from "./unread-input.js";

/** The connection of an SSH channel. */
export interface ChannelConfig {
  /** The SSH connection of either side; it emits 'close' once `socket` is destroyed. */
  readonly connection: Connection | Client;
  readonly socket: Duplex;
  /** Makes the error of a channel whose connection was lost. */
  readonly lost: () => Error;
  /** Whether this is the server, which sends exit status 0 (RFC 4254, section 6.10) when it ends. */
  readonly server: boolean;
  /** Charged for data that waits for its reader; absent at a client. */
  readonly account?: ConnectionAccount | undefined;
  /** What happens to writes after the peer has closed the channel. Default: they fail with `lost`. */
  readonly lateWrites?: "fail" | "drop";
}

/** Bytes of the largest packet that ssh2 sends. */
const PACKET = 32 * 1024;

/** Writes wait while this many bytes are buffered in the TCP socket. ssh2 itself ignores the socket's backpressure. */
export const SOCKET_LIMIT = 1024 * 1024;

/**
 * A channel of ssh2 that keeps the rules of a Node duplex. ssh2's own does not (Channel.js:86): its `destroy` only ends
 * it, a write after the end never calls back (Channel.js:165), ending a server's channel closes it (Channel.js:268), a
 * killed peer ends it like a finished one, and it ignores backpressure of the socket and of a key exchange. This one
 * emits 'close' in every case, with an error where the connection was lost; either side may end while the other goes
 * on; its owner destroys it. test/unit/runtime/ssh/ssh2/channels notices a change.
 */
export class ChannelDuplex extends ReleasingDuplex {
  readonly #channel: Channel;
  readonly #state: ChannelInternals;
  readonly #config: ChannelConfig;
  readonly #chunks = new SmallChunks((chunk) => {
    // Data for a destroyed duplex is read and dropped, or the channel would never close.
    if (!this.push(chunk) && !this.destroyed) this.#channel.pause();
  });
  readonly #release: (() => void) | undefined;
  #gone = false;
  /** Ends the write in progress, where late writes are dropped: ssh2 never calls back for one on a closed channel. */
  #dropWrite: (() => void) | undefined;

  constructor(channel: Channel, config: ChannelConfig) {
    super({ highWaterMark: HIGH_WATER_MARK, decodeStrings: true });
    this.#channel = channel;
    this.#state = channelInternals(channel);
    this.#config = config;
    // An unread stderr stops a client's channel once the window is full.
    if (!config.server) (channel as ClientChannel).stderr.resume();
    channel.on("data", (chunk: Buffer) => this.#chunks.add(chunk, this.readableLength));
    this.#release = config.account && chargeUnread(channel, config.account, (why) => this.destroy(new Error(why)));
    channel.on("end", this.#onEnd);
    channel.on("close", this.#onGone);
    channel.on("error", (error: Error) => this.destroy(error));
    config.connection.on("close", this.#onGone);
  }

  /** See `overSsh` in base/transport.ts, also for `ping`. */
  get algorithms(): SshAlgorithms | undefined {
    return negotiatedOf(this.#config.connection);
  }

  ping(): Promise<void> {
    return ping(this.#config.connection as Client, this.#config.lost);
  }

  readonly #onEnd = (): void => {
    this.#chunks.flush();
    // A killed peer also ends its channel, but its connection has closed before, and #onGone has handled that.
    if (!this.destroyed) this.push(null);
  };

  readonly #onGone = (): void => {
    if (this.#gone || this.destroyed) return;
    this.#gone = true;
    this.#config.connection.off("close", this.#onGone);
    const ended = this.#state.incoming.state !== "open";
    if (ended) this.#dropWrite?.();
    if (!ended || (this.writableLength > 0 && !this.#dropsLateWrites)) this.destroy(this.#config.lost());
    else if (this.readableEnded) this.destroy();
    // Data that the peer sent before it disconnected can still be read.
    else this.once("end", () => this.destroy());
  };

  override _read(): void {
    this.#channel.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send([chunk], done);
  }

  /** Chunks that fill packets are sent without being copied into one. */
  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    const parts = chunks.map(({ chunk }) => chunk);
    const size = parts.reduce((sum, { length }) => sum + length, 0);
    if (size <= PACKET) this.#send([Buffer.concat(parts, size)], done);
    else this.#sendTurns(parts, done);
  }

  /** Many in one turn, so that few writes take them to the socket; the next ones when the socket has room, however large the window. */
  #sendTurns(chunks: readonly Buffer[], done: (error?: Error | null) => void): void {
    let size = 0;
    const last = chunks.findIndex(({ length }) => {
      size += length;
      return size >= HIGH_WATER_MARK;
    });
    const rest = last === -1 ? [] : chunks.slice(last + 1);
    if (rest.length === 0) this.#send(chunks, done);
    else this.#send(chunks.slice(0, last + 1), (error) => (error ? done(error) : this.#sendTurns(rest, done)));
  }

  /** All of them in one turn. */
  #send(chunks: readonly Buffer[], done: (error?: Error | null) => void): void {
    // ssh2 never calls back for a write on a channel that is not open.
    if (this.#gone || this.#state.outgoing.state !== "open") {
      if (this.#dropsLateWrites) done();
      else done(this.#config.lost());
      return;
    }
    const end = this.#dropsLateWrites ? this.#untilDropped(done) : done;
    const sent = (error?: Error | null): void => (error ? end(error) : this.#whenSent(end));
    try {
      for (const [index, chunk] of chunks.entries())
        this.#channel.write(chunk, index === chunks.length - 1 ? sent : undefined);
    } catch (error) {
      end(error as Error);
    }
  }

  get #dropsLateWrites(): boolean {
    return this.#config.lateWrites === "drop";
  }

  /** Calls `done` once: when the chunk is sent, or when the peer has closed the channel. */
  #untilDropped(done: (error?: Error | null) => void): (error?: Error | null) => void {
    const end = (error?: Error | null): void => {
      if (this.#dropWrite !== end) return;
      this.#dropWrite = undefined;
      done(error);
    };
    this.#dropWrite = end;
    return end;
  }

  /** Waits for the end of a key exchange and for the socket to drain. */
  #whenSent(done: (error?: Error | null) => void): void {
    const { connection, socket } = this.#config;
    if (socket.destroyed) done();
    else if (isExchangingKeys(connection)) connection.once("handshake", () => this.#whenSent(done));
    else if (socket.writableLength > SOCKET_LIMIT) socket.once("drain", () => done());
    else done();
  }

  override _final(done: (error?: Error | null) => void): void {
    attempt(() => {
      if (this.#config.server) this.#state.exit?.(0);
      // Not end(), which closes a server's channel and loses what the client sends after it.
      this.#state.eof();
    });
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#config.connection.off("close", this.#onGone);
    this.#release?.();
    // Incoming data has to be read, or the channel never closes.
    this.#channel.resume();
    attempt(() => this.#state.close());
    done(error);
  }
}
