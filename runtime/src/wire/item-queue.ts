import { copyBytes } from "../base/copy-bytes.js";
import type { BytesView } from "../codec/codec.js";
import { HEADER_SIZE, type ItemView } from "./frame.js";

/** Bytes of the smallest raw items that are joined: small ones may each have a meaning. */
export const JOINABLE = 8 * 1024;

/** Bytes of the largest item that raw bytes are joined into. */
const JOINED = 256 * 1024;

/** Bytes of the first, the second, and all further buffers for copies, while the queue is not empty. */
const SIZES = [512, 4 * 1024, 16 * 1024] as const;

/** A chunk is kept if it is at most this many times as large as the items in it: a little more than one of two full packets in it. */
const MAX_OVERHEAD = 2.1;

/** The offset of the flags in a header. */
const FLAGS = 5;

/** Whole frames of items, one behind the other: the next one is from `at` to `next`, the last one ends at `until`. */
class Segment {
  readonly buffer: Buffer;
  at: number;
  next: number;
  until: number;
  /** Of the next one. */
  flags: number;

  constructor({ buffer, start, end, flags }: ItemView, until = end) {
    this.buffer = buffer;
    this.at = start;
    this.next = end;
    this.until = until;
    this.flags = flags;
  }

  /** Appends the item that follows in the buffer, up to `end`. */
  extend(end: number): void {
    this.until = end;
  }

  /** Appends copies of the items of another one, if there is room for them. Returns whether there is. */
  takeFrom({ buffer, at, next, until, flags }: Segment): boolean {
    const start = this.until + HEADER_SIZE;
    if (this.buffer.length < start + until - at) return false;
    this.buffer.writeUInt32BE(next - at, this.until);
    this.buffer[this.until + FLAGS] = flags;
    this.until = start + buffer.copy(this.buffer, start, at, until);
    return true;
  }

  /** Removes the first of several items. */
  advance(): void {
    const { buffer, next } = this;
    this.at = next + HEADER_SIZE;
    this.next = this.at + buffer.readUInt32BE(next);
    this.flags = buffer[next + FLAGS] as number;
  }
}

/**
 * Encoded items that wait for their consumer, first in, first out. They are views of the chunk that they arrived in until
 * {@link ItemQueue.keep} copies them into few buffers: most are taken before, and a view would keep the whole chunk. As objects, small
 * items would take many times their size.
 */
export class ItemQueue {
  readonly #isRaw: boolean;
  readonly #segments: Segment[] = [];
  /** How many segments are copies, or keep their chunk. They are the first ones. */
  #kept = 0;
  /** The segment that the next copy may be appended to, and the index of the size of the one behind it. */
  #open: Segment | undefined;
  #nextSize = 0;
  #size = 0;

  /** @param isRaw whether the items are raw bytes: large ones are then kept without a copy */
  constructor({ isRaw }: { readonly isRaw: boolean }) {
    this.#isRaw = isRaw;
  }

  /** Number of items. */
  get size(): number {
    return this.#size;
  }

  /** Appends an item; false if it follows the last one in the same chunk, true if {@link keep} has more to do. */
  push({ buffer, start, end, flags }: ItemView): boolean {
    this.#size += 1;
    const last = this.#segments.length > this.#kept ? this.#segments.at(-1) : undefined;
    if (last?.buffer === buffer && last.until + HEADER_SIZE === start) {
      last.extend(end);
      return false;
    }
    this.#segments.push(new Segment({ buffer, start, end, flags }));
    return true;
  }

  /** Removes and returns the first item; undefined without one. */
  shift(): ItemView | undefined {
    const first = this.#segments[0];
    if (first === undefined) return undefined;
    const { buffer, at, next, until, flags } = first;
    this.#size -= 1;
    if (next === until) this.#dropFirst();
    else first.advance();
    return { buffer, start: at, end: next, flags };
  }

  /** Removes and returns the raw items that one of this size is joined with: those without flags. */
  shiftFollowing(first: number): BytesView[] {
    const parts: BytesView[] = [];
    let sum = first;
    for (let segment = this.#segments[0]; segment !== undefined; segment = this.#segments[0]) {
      const size = segment.next - segment.at;
      sum += size;
      if (size < JOINABLE || sum > JOINED || segment.flags !== 0) break;
      parts.push(this.shift() as BytesView);
    }
    return parts;
  }

  /** Makes the items independent of the chunk that they arrived in. Returns the bytes of their frames. */
  keep(): number {
    let bytes = 0;
    for (const segment of this.#segments.splice(this.#kept)) {
      bytes += HEADER_SIZE + segment.until - segment.at;
      this.#keep(segment);
    }
    return bytes;
  }

  /** Removes all items. */
  clear(): void {
    this.#segments.length = this.#kept = this.#size = this.#nextSize = 0;
    this.#open = undefined;
  }

  #keep(segment: Segment): void {
    const { buffer, at, next, until, flags } = segment;
    const size = until - at;
    const isOwn = this.#isRaw && size >= JOINABLE && size * MAX_OVERHEAD >= buffer.buffer.byteLength;
    if (isOwn || size + HEADER_SIZE > SIZES[2]) {
      const copy = isOwn
        ? segment
        : new Segment({ buffer: copyBytes(buffer.subarray(at, until)), start: 0, end: next - at, flags }, size);
      this.#addKept(copy);
      this.#open = undefined;
      return;
    }
    if (this.#open?.takeFrom(segment)) return;
    while ((SIZES[this.#nextSize] as number) < size) this.#nextSize += 1;
    const target = Buffer.allocUnsafeSlow(SIZES[this.#nextSize] as number);
    this.#nextSize = Math.min(SIZES.length - 1, this.#nextSize + 1);
    const copied = buffer.copy(target, 0, at, until);
    this.#open = new Segment({ buffer: target, start: 0, end: next - at, flags }, copied);
    this.#addKept(this.#open);
  }

  #addKept(segment: Segment): void {
    this.#segments.push(segment);
    this.#kept += 1;
  }

  #dropFirst(): void {
    const dropped = this.#segments.shift();
    if (this.#kept > 0) this.#kept -= 1;
    if (dropped === this.#open) this.#open = undefined;
    if (this.#size === 0) this.#nextSize = 0;
  }
}
