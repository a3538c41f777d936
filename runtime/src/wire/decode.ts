import { allowedFlags, FRAME, type FrameKind, frameName, HEADER_SIZE, isConnectionFrame, minPayload } from "./frame.js";
import { ProtocolError } from "./protocol-error.js";

/** What becomes of decoded frames. */
export interface FrameSink {
  /**
   * A whole frame. Its payload is `buffer` from `start` to `end`, which is only valid during the call: passing three
   * values spares an object per frame.
   */
  frame(kind: FrameKind, flags: number, id: number, buffer: Buffer, start: number, end: number): void;
  /** A frame whose payload is over the limit. The payload is skipped, not kept. */
  oversize(kind: FrameKind, id: number, length: number): void;
}

const LAST_KIND = Math.max(...Object.values(FRAME));

const EMPTY = Buffer.alloc(0);

/**
 * Cuts a byte stream into frames, wherever the chunks are split. It holds at most one incomplete frame, which is
 * at most `maxPayload` long, and copies only what chunks cut apart.
 */
export class FrameDecoder {
  readonly #sink: FrameSink;
  /** The longest payload that is kept; a longer one is skipped. */
  maxPayload: number;
  /** The incomplete frame: the first `#size` bytes. Chunks are not kept, for each may be one byte in a large buffer. */
  #held: Buffer = EMPTY;
  #size = 0;
  /** The size at which the incomplete frame is worth another look. */
  #wanted = HEADER_SIZE;
  /** Bytes of an oversize payload still to come. */
  #skip = 0;
  #paused = false;

  constructor(sink: FrameSink, maxPayload: number) {
    this.#sink = sink;
    this.maxPayload = maxPayload;
  }

  /** Takes the next chunk. @throws ProtocolError at the first malformed header; nothing may be pushed after that. */
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

  /** Delivers no further frame, not even of the chunk that is being read: one chunk may hold thousands. */
  pause(): void {
    this.#paused = true;
  }

  /** Goes on where {@link pause} stopped. @throws ProtocolError as {@link push} */
  resume(): void {
    this.#paused = false;
    if (this.#size < this.#wanted) return;
    const whole = this.#held.subarray(0, this.#size);
    this.#keep(whole, this.#decode(whole));
  }

  /** Holds what is left of `buffer`, as a view of it, until the next chunk comes. */
  #keep(buffer: Buffer, from: number): void {
    this.#size = buffer.length - from;
    this.#held = this.#size === 0 ? EMPTY : buffer.subarray(from);
  }

  #append(chunk: Buffer): void {
    const size = this.#size + chunk.length;
    if (size > this.#held.length) {
      // It grows with what has come, not at once to what a header says will come.
      const grown = Buffer.allocUnsafeSlow(Math.max(size, Math.min(this.#wanted, size * 2)));
      this.#held.copy(grown, 0, 0, this.#size);
      this.#held = grown;
    }
    chunk.copy(this.#held, this.#size);
    this.#size = size;
  }

  /** Delivers all whole frames of `buffer`; returns where the incomplete one begins. */
  #decode(buffer: Buffer): number {
    let at = this.#skipped(buffer.length);
    while (buffer.length - at >= HEADER_SIZE && !this.#paused) {
      const length = buffer.readUInt32BE(at);
      const kind = checkKind(buffer[at + 4] as number);
      const flags = buffer[at + 5] as number;
      const id = buffer.readUInt32BE(at + 6);
      checkHeader(kind, flags, id, length);
      const start = at + HEADER_SIZE;
      if (length > this.maxPayload) {
        this.#sink.oversize(kind, id, length);
        this.#skip = length;
        at = start + this.#skipped(buffer.length - start);
        continue;
      }
      if (buffer.length - start < length) {
        this.#wanted = HEADER_SIZE + length;
        return at;
      }
      this.#sink.frame(kind, flags, id, buffer, start, start + length);
      at = start + length;
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

function checkKind(kind: number): FrameKind {
  if (kind < 1 || kind > LAST_KIND) throw new ProtocolError(`unknown frame kind ${kind}`);
  return kind as FrameKind;
}

function checkHeader(kind: FrameKind, flags: number, id: number, length: number): void {
  if ((flags & ~allowedFlags(kind)) !== 0) throw new ProtocolError(`${frameName(kind)} with unknown flags ${flags}`);
  if (isConnectionFrame(kind) !== (id === 0)) throw new ProtocolError(`${frameName(kind)} with call id ${id}`);
  if (length < minPayload(kind)) throw new ProtocolError(`${frameName(kind)} of only ${length} bytes`);
}
