import { copyBytes } from "../../base/copy-bytes.js";
import type { BytesView } from "../../codec/codec.js";

/** Bytes of the smallest raw items that are kept as they arrived, and joined: small ones may each have a meaning. */
export const JOINABLE = 8 * 1024;

/** Bytes of the first, the second, and all further segments of a queue, while it is not empty. */
const SIZES = [512, 4 * 1024, 16 * 1024] as const;

/** Bytes of the largest item that raw bytes are joined into. */
const JOINED = 256 * 1024;

/** Bytes of unused segments of each size that all connections of the process keep together, for reuse. */
const MAX_SPARE = 1024 * 1024;

const spare: readonly Buffer[][] = SIZES.map(() => []);

/** Bytes of the length before a copied item. */
const PREFIX = 2;

/** Bytes of the largest item that shares a segment with others. */
const LARGEST = SIZES[2] - PREFIX;

/** Bytes of the largest item that is copied without a call of native code. */
const SHORT = 64;

/** A chunk is kept if it is at most this many times as large as its item. */
const MAX_OVERHEAD = 2;

/** Items from `at` to `end`: several, each with its length before it, or a single one. */
interface Segment {
  readonly buffer: Buffer;
  readonly isPacked: boolean;
  at: number;
  end: number;
}

function single(buffer: Buffer, at: number, end: number): Segment {
  return { buffer, isPacked: false, at, end };
}

/**
 * Encoded items that wait for their consumer, first in, first out. They are copied into few buffers: as objects, small items
 * would take many times their size, and a view would keep the whole chunk that it arrived in.
 */
export class ItemQueue {
  readonly #isRaw: boolean;
  readonly #segments: Segment[] = [];
  /** The index of the size of the next segment. */
  #next = 0;
  #size = 0;

  /** @param isRaw whether the items are raw bytes: large ones are then kept without a copy */
  constructor({ isRaw }: { readonly isRaw: boolean }) {
    this.#isRaw = isRaw;
  }

  /** Number of items. */
  get size(): number {
    return this.#size;
  }

  /** Appends an item. */
  push({ buffer, start, end }: BytesView): void {
    const size = end - start;
    if (this.#isRaw ? size >= JOINABLE : size > LARGEST) {
      this.#dropEmpty();
      const isKept = this.#isRaw && size * MAX_OVERHEAD >= buffer.buffer.byteLength;
      this.#segments.push(
        isKept ? single(buffer, start, end) : single(copyBytes(buffer.subarray(start, end)), 0, size),
      );
      this.#size += 1;
      return;
    }
    const segment = this.#segmentFor(PREFIX + size);
    const target = segment.buffer;
    let at = segment.end;
    target[at++] = size >> 8;
    target[at++] = size & 0xff;
    if (size > SHORT) at += buffer.copy(target, at, start, end);
    else for (let from = start; from < end; from++) target[at++] = buffer[from] as number;
    segment.end = at;
    this.#size += 1;
  }

  /** Removes and returns the first item; undefined without one. The view is valid until the next item is appended to a queue. */
  shift(): BytesView | undefined {
    if (this.#size === 0) return undefined;
    const first = this.#segments[0] as Segment;
    const { buffer, isPacked, at } = first;
    const start = isPacked ? at + PREFIX : at;
    const end = isPacked ? start + lengthAt(buffer, at) : first.end;
    first.at = end;
    this.#size -= 1;
    if (end === first.end) this.#emptied(first);
    return { buffer, start, end };
  }

  /** Removes and returns the raw items that one of this size is joined with. */
  shiftFollowing(first: number): BytesView[] {
    const parts: BytesView[] = [];
    let size = first;
    while (this.#size > 0) {
      const { isPacked, at, end } = this.#segments[0] as Segment;
      if (isPacked || size + end - at > JOINED) break;
      size += end - at;
      parts.push(this.shift() as BytesView);
    }
    return parts;
  }

  /** Removes all items. */
  clear(): void {
    while (this.#segments.length > 0) this.#drop();
    this.#size = this.#next = 0;
  }

  /** The first segment is empty. A queue keeps its smallest one: most are filled and emptied again and again. */
  #emptied(segment: Segment): void {
    if (this.#size > 0 || this.#isRaw || segment.buffer.length > SIZES[0]) {
      this.#drop();
      if (this.#size === 0) this.#next = 0;
    } else segment.at = segment.end = 0;
  }

  /** Removes the first segment. Raw bytes may be views of it, and keep it. */
  #drop(): void {
    const { buffer, isPacked } = this.#segments.shift() as Segment;
    if (this.#isRaw || !isPacked) return;
    const unused = spare[SIZES.indexOf(buffer.length as (typeof SIZES)[number])];
    if (unused !== undefined && unused.length * buffer.length < MAX_SPARE) unused.push(buffer);
  }

  /** The next item does not fit into the segment that was kept, which must not come before that of the item. */
  #dropEmpty(): void {
    if (this.#size === 0) this.clear();
  }

  #segmentFor(bytes: number): Segment {
    const last = this.#segments.at(-1);
    if (last?.isPacked === true && last.buffer.length - last.end >= bytes) return last;
    this.#dropEmpty();
    while ((SIZES[this.#next] as number) < bytes) this.#next += 1;
    const size = SIZES[this.#next] as number;
    const segment = { buffer: spare[this.#next]?.pop() ?? Buffer.allocUnsafeSlow(size), isPacked: true, at: 0, end: 0 };
    this.#next = Math.min(SIZES.length - 1, this.#next + 1);
    this.#segments.push(segment);
    return segment;
  }
}

function lengthAt(buffer: Buffer, at: number): number {
  return ((buffer[at] as number) << 8) | (buffer[at + 1] as number);
}
