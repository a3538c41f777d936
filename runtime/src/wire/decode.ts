import type { Readable } from "node:stream";
import type { Turn } from "../base/accounts/turns.js";
import { copyBytes } from "../base/copy-bytes.js";
import { RpcError } from "../contract/rpc-error.js";
import { HeldBytes } from "./flow/held-bytes.js";
import { FrameView, HEADER_SIZE } from "./frame.js";

/** Receives decoded frames. */
export interface FrameSink {
  /** A whole frame. The view is valid during the call only: the decoder reuses it. */
  frame(frame: FrameView): void;
  /**
   * A frame whose payload of `length` bytes is skipped. The view has its header only.
   * @param reason why; absent if it is over the limit
   */
  skipped(frame: FrameView, length: number, reason?: RpcError): void;
}

const EMPTY = Buffer.alloc(0);

/** Bytes of the largest chunk that is kept whole for an incomplete frame in it, however small: as much as a socket reads at once. */
const CHUNK = 64 * 1024;

/** How many times the bytes that have arrived the buffer of an incomplete frame is, at most: fresh memory costs more than a copy. */
const GROWTH = 4;

/** How a {@link FrameDecoder} buffers incomplete frames. */
interface DecoderConfig {
  /** Maximum size in bytes of a payload that is delivered; larger ones are skipped. */
  readonly maxPayload: number;
  /** What the connection holds. A frame for which it has no room is skipped. Default: without limits. */
  readonly memory?: HeldBytes;
}

/**
 * Splits a byte stream into frames, however its chunks are cut. It buffers at most one incomplete frame of at most
 * `maxPayload` bytes, and copies only frames that span chunks.
 */
export class FrameDecoder {
  readonly #sink: FrameSink;
  readonly #frame = new FrameView();
  #maxPayload: number;
  /** The incomplete frame is its first `#size` bytes. Chunks are not kept: each may be one byte of a large buffer. */
  #held: Buffer = EMPTY;
  #size = 0;
  /** The size at which decoding of the incomplete frame can continue. */
  #wanted = HEADER_SIZE;
  /** Bytes of an oversize payload still to come. */
  #skip = 0;
  #paused = false;
  #closed = false;
  readonly #memory: HeldBytes;
  /** Bytes of the buffer of the incomplete frame, as they are charged. */
  #charged = 0;

  constructor(sink: FrameSink, { maxPayload, memory = new HeldBytes() }: DecoderConfig) {
    this.#sink = sink;
    this.#maxPayload = maxPayload;
    this.#memory = memory;
  }

  /** Changes the maximum payload, from the next frame on. */
  setMaxPayload(bytes: number): void {
    this.#maxPayload = bytes;
  }

  /** Decodes the next chunk. @throws ProtocolError at the first malformed header; the decoder cannot be used after that */
  push(chunk: Buffer): void {
    if (this.#size === 0) {
      this.#deliver(chunk);
      return;
    }
    this.#append(chunk);
    if (this.#size >= this.#wanted) this.#deliver(this.#held.subarray(0, this.#size));
    else this.#charge();
  }

  /** Stops delivery at once, also within the current chunk, which may hold thousands of frames. */
  pause(): void {
    this.#paused = true;
  }

  /** Continues after {@link pause}. @throws ProtocolError as {@link push} */
  resume(): void {
    this.#paused = false;
    if (this.#size >= this.#wanted) this.#deliver(this.#held.subarray(0, this.#size));
  }

  /** Drops the incomplete frame: the connection has ended. */
  close(): void {
    this.#closed = true;
    this.#memory.give(this.#charged);
    this.#size = this.#charged = 0;
    this.#held = EMPTY;
  }

  /** Delivers all whole frames of `buffer`, and buffers the rest, as a view of it, until the next chunk. */
  #deliver(buffer: Buffer): void {
    // What receives the frame charges what it keeps of it.
    this.#memory.give(this.#charged);
    this.#charged = 0;
    const from = this.#decode(buffer);
    this.#frame.release();
    // One of the frames may have ended the connection.
    if (this.#closed) return;
    this.#size = buffer.length - from;
    const rest = this.#size === 0 ? EMPTY : buffer.subarray(from);
    const isSmallPart = rest.buffer.byteLength > CHUNK && rest.length * 2 < rest.buffer.byteLength;
    this.#held = isSmallPart ? copyBytes(rest) : rest;
    if (this.#size > 0) this.#charge();
  }

  /** Charges the buffer of the incomplete frame, or skips the frame. */
  #charge(): void {
    const more = this.#held.length - this.#charged;
    // Without its header a frame cannot be skipped; a buffer that is paused holds one chunk.
    if (this.#wanted === HEADER_SIZE || more === 0) return;
    try {
      this.#memory.take(more);
      this.#charged += more;
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      this.#skipHeld(error);
    }
  }

  #skipHeld(reason: RpcError): void {
    const frame = this.#frame;
    frame.readHeader(this.#held, 0);
    const { size } = frame;
    this.#skip = HEADER_SIZE + size - this.#size;
    this.#memory.give(this.#charged);
    this.#size = this.#charged = 0;
    this.#held = EMPTY;
    this.#wanted = HEADER_SIZE;
    frame.release();
    this.#sink.skipped(frame, size, reason);
  }

  #append(chunk: Buffer): void {
    const size = this.#size + chunk.length;
    if (size > this.#held.length) {
      // Grow with the bytes that have arrived, not at once to the length that a header claims.
      const grown = Buffer.allocUnsafeSlow(Math.max(size, Math.min(this.#wanted, size * GROWTH)));
      this.#held.copy(grown, 0, 0, this.#size);
      this.#held = grown;
    }
    chunk.copy(this.#held, this.#size);
    this.#size = size;
  }

  /** Delivers all whole frames of `buffer`; returns the offset of the incomplete one. */
  #decode(buffer: Buffer): number {
    const frame = this.#frame;
    let at = this.#skipped(buffer.length);
    while (buffer.length - at >= HEADER_SIZE && !this.#paused) {
      frame.readHeader(buffer, at);
      const { start, end } = frame;
      const length = end - start;
      if (length > this.#maxPayload) {
        this.#sink.skipped(frame, length);
        this.#skip = length;
        at = start + this.#skipped(buffer.length - start);
        continue;
      }
      if (buffer.length < end) {
        this.#wanted = HEADER_SIZE + length;
        return at;
      }
      this.#sink.frame(frame);
      at = end;
    }
    this.#wanted = HEADER_SIZE;
    return at;
  }

  #skipped(available: number): number {
    const skipped = Math.min(this.#skip, available);
    this.#skip -= skipped;
    return skipped;
  }
}

/** How frames continue after a pause. */
interface ReadingConfig {
  readonly turn: Turn | undefined;
  /** Decodes what was left. */
  readonly resume: () => void;
}

/** When the frames of a connection are read: not while its transport is full, and in the turns of its key. */
export class Reading {
  readonly #stream: Readable;
  readonly #decoder: FrameDecoder;
  readonly #config: ReadingConfig;
  #isBlocked = false;
  #isWaiting = false;

  constructor(stream: Readable, decoder: FrameDecoder, config: ReadingConfig) {
    this.#stream = stream;
    this.#decoder = decoder;
    this.#config = config;
  }

  /** Stops until {@link unblock}. */
  block(): void {
    this.#isBlocked = true;
    this.#pause();
  }

  unblock(): void {
    this.#isBlocked = false;
    this.#resume();
  }

  /** A frame of this many bytes is handled: the following ones may have to wait for a later turn, also those of the same chunk. */
  step(bytes: number): void {
    const { turn } = this.#config;
    if (turn === undefined || !turn.step(bytes) || this.#isWaiting) return;
    this.#isWaiting = true;
    this.#pause();
    turn.wait(() => {
      this.#isWaiting = false;
      this.#resume();
    });
  }

  #pause(): void {
    this.#stream.pause();
    this.#decoder.pause();
  }

  #resume(): void {
    if (this.#isBlocked || this.#isWaiting) return;
    // Before decoding, which may pause reading again.
    this.#stream.resume();
    this.#config.resume();
  }
}
