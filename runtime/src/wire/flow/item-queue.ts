import { copyBytes } from "../../base/copy-bytes.js";
import type { BytesView } from "../../codec/codec.js";

/** Bytes of the smallest raw items that are kept as they arrived, and joined: small ones may each have a meaning. */
export const JOINABLE = 8 * 1024;

/** Bytes of the first segment of a queue, and of the largest one with several items. */
const SMALLEST = 512;
const LARGEST = 16 * 1024;

/** Bytes of the length before a copied item. */
const PREFIX = 4;

/** A chunk is kept if it is at most this many times as large as its item. */
const MAX_OVERHEAD = 2;

/** Items from `at` to `end`: several, each with its length before it, or a single one. */
interface Segment {
  readonly buffer: Buffer;
  readonly isPacked: boolean;
  at: number;
  end: number;
}

/**
 * Encoded items that wait for their consumer, first in, first out. They are copied into few buffers: as objects, small items
 * would take many times their size, and a view would keep the whole chunk that it arrived in.
 */
export class ItemQueue {
  readonly #isRaw: boolean;
  readonly #segments: Segment[] = [];
  #next = SMALLEST;
  #size = 0;

  /** @param isRaw whether the items are raw bytes: large ones are then kept without a copy */
  constructor({ isRaw }: { readonly isRaw: boolean }) {
    this.#isRaw = isRaw;
  }

  /** Number of items. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of the first item; undefined without one. */
  get firstSize(): number | undefined {
    const first = this.#segments[0];
    if (first === undefined) return undefined;
    return first.isPacked ? first.buffer.readUInt32LE(first.at) : first.end - first.at;
  }

  /** Appends an item. */
  push({ buffer, start, end }: BytesView): void {
    const size = end - start;
    this.#size += 1;
    if (this.#isRaw && size >= JOINABLE) {
      const kept = size * MAX_OVERHEAD >= buffer.buffer.byteLength ? undefined : copyBytes(buffer.subarray(start, end));
      this.#segments.push(
        kept === undefined
          ? { buffer, isPacked: false, at: start, end }
          : { buffer: kept, isPacked: false, at: 0, end: size },
      );
      return;
    }
    const segment = this.#segmentFor(PREFIX + size);
    const at = segment.buffer.writeUInt32LE(size, segment.end);
    buffer.copy(segment.buffer, at, start, end);
    segment.end = at + size;
  }

  /** Removes and returns the first item; undefined without one. */
  shift(): BytesView | undefined {
    const first = this.#segments[0];
    if (first === undefined) return undefined;
    const { buffer, isPacked, at } = first;
    const start = isPacked ? at + PREFIX : at;
    const end = isPacked ? start + buffer.readUInt32LE(at) : first.end;
    first.at = end;
    this.#size -= 1;
    if (first.at === first.end) this.#segments.shift();
    if (this.#size === 0) this.#next = SMALLEST;
    return { buffer, start, end };
  }

  /** Removes all items. */
  clear(): void {
    this.#segments.length = this.#size = 0;
    this.#next = SMALLEST;
  }

  #segmentFor(bytes: number): Segment {
    const last = this.#segments.at(-1);
    if (last?.isPacked === true && last.buffer.length - last.end >= bytes) return last;
    const segment = { buffer: Buffer.allocUnsafeSlow(Math.max(bytes, this.#next)), isPacked: true, at: 0, end: 0 };
    this.#next = Math.min(LARGEST, this.#next * 2);
    this.#segments.push(segment);
    return segment;
  }
}
