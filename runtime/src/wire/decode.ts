import type { Readable } from "node:stream";
import type { Turn } from "../base/accounts/turns.js";
import { type FrameKind, FrameView, HEADER_SIZE } from "./frame.js";

/** Receives decoded frames. */
export interface FrameSink {
  /** A whole frame. The view is valid during the call only: the decoder reuses it. */
  frame(frame: FrameView): void;
  /** A frame whose payload of `length` bytes is over the limit. The payload is skipped. */
  oversize(kind: FrameKind, id: number, length: number): void;
}

const EMPTY = Buffer.alloc(0);

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

  /** @param maxPayload maximum size in bytes of a payload that is delivered; larger ones are skipped */
  constructor(sink: FrameSink, maxPayload: number) {
    this.#sink = sink;
    this.#maxPayload = maxPayload;
  }

  /** Changes the maximum payload, from the next frame on. */
  setMaxPayload(bytes: number): void {
    this.#maxPayload = bytes;
  }

  /** Decodes the next chunk. @throws ProtocolError at the first malformed header; the decoder cannot be used after that */
  push(chunk: Buffer): void {
    if (this.#size === 0) {
      this.#keep(chunk, this.#decode(chunk));
      return;
    }
    this.#append(chunk);
    if (this.#size < this.#wanted) return;
    const whole = this.#held.subarray(0, this.#size);
    this.#keep(whole, this.#decode(whole));
  }

  /** Stops delivery at once, also within the current chunk, which may hold thousands of frames. */
  pause(): void {
    this.#paused = true;
  }

  /** Continues after {@link pause}. @throws ProtocolError as {@link push} */
  resume(): void {
    this.#paused = false;
    if (this.#size < this.#wanted) return;
    const whole = this.#held.subarray(0, this.#size);
    this.#keep(whole, this.#decode(whole));
  }

  /** Buffers the rest of `buffer`, as a view of it, until the next chunk. */
  #keep(buffer: Buffer, from: number): void {
    this.#frame.release();
    this.#size = buffer.length - from;
    this.#held = this.#size === 0 ? EMPTY : buffer.subarray(from);
  }

  #append(chunk: Buffer): void {
    const size = this.#size + chunk.length;
    if (size > this.#held.length) {
      // Grow with the bytes that have arrived, not at once to the length that a header claims.
      const grown = Buffer.allocUnsafeSlow(Math.max(size, Math.min(this.#wanted, size * 2)));
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
        this.#sink.oversize(frame.kind, frame.id, length);
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

  /** A frame is handled: the following ones may have to wait for a later turn, also those of the same chunk. */
  step(): void {
    const { turn } = this.#config;
    if (turn === undefined || !turn.step() || this.#isWaiting) return;
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
