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

/**
 * Cuts a byte stream into frames, wherever the chunks are split. It holds at most one incomplete frame, which is
 * at most `maxPayload` long, and copies only what chunks cut apart.
 */
export class FrameDecoder {
  readonly #sink: FrameSink;
  readonly #maxPayload: number;
  /** The pieces of an incomplete frame, and their size together. */
  #pieces: Buffer[] = [];
  #size = 0;
  /** The size at which the incomplete frame is worth another look. */
  #wanted = HEADER_SIZE;
  /** Bytes of an oversize payload still to come. */
  #skip = 0;

  constructor(sink: FrameSink, maxPayload: number) {
    this.#sink = sink;
    this.#maxPayload = maxPayload;
  }

  /** Takes the next chunk. @throws ProtocolError at the first malformed header; nothing may be pushed after that. */
  push(chunk: Buffer): void {
    if (this.#size === 0) {
      this.#keep(chunk, this.#decode(chunk));
      return;
    }
    this.#pieces.push(chunk);
    this.#size += chunk.length;
    if (this.#size < this.#wanted) return;
    const whole = Buffer.concat(this.#pieces, this.#size);
    this.#pieces = [];
    this.#size = 0;
    this.#keep(whole, this.#decode(whole));
  }

  #keep(buffer: Buffer, from: number): void {
    if (from >= buffer.length) return;
    this.#pieces.push(from === 0 ? buffer : buffer.subarray(from));
    this.#size = buffer.length - from;
  }

  /** Delivers all whole frames of `buffer`; returns where the incomplete one begins. */
  #decode(buffer: Buffer): number {
    let at = this.#skipped(buffer.length);
    while (buffer.length - at >= HEADER_SIZE) {
      const length = buffer.readUInt32BE(at);
      const kind = checkKind(buffer[at + 4] as number);
      const flags = buffer[at + 5] as number;
      const id = buffer.readUInt32BE(at + 6);
      checkHeader(kind, flags, id, length);
      const start = at + HEADER_SIZE;
      if (length > this.#maxPayload) {
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
