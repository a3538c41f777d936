import type { HeldBytes } from "./held-bytes.js";

/** The receiver grants what was consumed when it is this part of the window. */
const GRANTED_PART = 8;

/** The largest credit that a frame can grant. An item over all limits, which is skipped, may have cost more. */
const MAX_GRANT = 0xffff_ffff;

/** A stream with items in the chunk that is being read. */
interface ChunkReader {
  /** Copies the items that still wait. */
  keep(): void;
}

/**
 * The window of a connection, as its receiver keeps it: the bytes of items that the peer may send ahead of all consumers
 * together.
 */
export class ReceiveWindow {
  /** What the connection holds. */
  readonly memory: HeldBytes;
  readonly #grant: (bytes: number) => void;
  /** Whether the peer keeps to a window; otherwise only the account bounds what is held. */
  #isOpen = false;
  #window = 0;
  #credit = 0;
  /** Consumed, and not granted yet; and how much of it is worth a frame. */
  #ungranted = 0;
  #worthwhile = 0;
  #chunkReaders: ChunkReader[] = [];

  /** @param grant grants the peer more credit */
  constructor(memory: HeldBytes, grant: (bytes: number) => void) {
    this.memory = memory;
    this.#grant = grant;
  }

  /** The peer keeps to a window of this many bytes. */
  open(bytes: number): void {
    this.#isOpen = true;
    this.#window = this.#credit = bytes;
    this.#worthwhile = Math.ceil(bytes / GRANTED_PART);
  }

  /** The connection has ended: the peer takes no more credit. */
  close(): void {
    this.#isOpen = false;
    this.#chunkReaders = [];
  }

  /** An item of this cost arrived; false if it is beyond the credit. */
  arrive(cost: number): boolean {
    if (!this.#isOpen) return true;
    if (!covers(this.#credit, this.#window, cost)) return false;
    this.#credit -= cost;
    return true;
  }

  /** Items of this cost were consumed or dropped: grants what is worth a frame, or all if the peer has little credit left. */
  consumed(cost: number): void {
    const ungranted = this.#ungranted + cost;
    this.#ungranted = ungranted;
    if (ungranted === 0 || !this.#isOpen || (ungranted < this.#worthwhile && ungranted < this.#credit)) return;
    const bytes = Math.min(ungranted, MAX_GRANT);
    this.#ungranted -= bytes;
    this.#credit += bytes;
    this.#grant(bytes);
  }

  /** The items of a stream wait in the chunk that is being read. */
  keepLater(reader: ChunkReader): void {
    this.#chunkReaders.push(reader);
  }

  /** The next chunk is about to be read: what still waits is copied, so that no chunk is kept for a few items. */
  nextChunk(): void {
    if (this.#chunkReaders.length === 0) return;
    const readers = this.#chunkReaders;
    this.#chunkReaders = [];
    for (const reader of readers) reader.keep();
  }
}

/**
 * The window of a connection, as its sender keeps it. Items that wait for credit are sent first come first served: one that is
 * larger than what is left is not overtaken.
 */
export class SendWindow {
  #isOpen = false;
  #window = 0;
  #credit = 0;
  /** The cost of the largest item that may be sent now. */
  #room = Number.POSITIVE_INFINITY;
  readonly #items = new Map<() => void, number>();
  readonly #streams = new Set<() => void>();

  /** The peer announced a window of this many bytes. */
  open(bytes: number): void {
    this.#isOpen = true;
    this.#window = this.#credit = bytes;
    this.#measure();
  }

  /** Whether the peer announced a window. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The cost of the largest item that may be sent now; 0 while others wait. Infinity where any may. */
  get room(): number {
    return this.#room;
  }

  /** Takes the credit of an item; false if it has to {@link wait}. */
  take(cost: number): boolean {
    if (cost > this.#room) return false;
    if (this.#isOpen) {
      this.#credit -= cost;
      this.#measure();
    }
    return true;
  }

  /** Gives back the credit of an item that was not sent. */
  giveBack(cost: number): void {
    this.#credit += cost;
    this.#admit();
  }

  /** Calls `proceed` once, when the credit of its item was taken. */
  wait(cost: number, proceed: () => void): void {
    this.#items.set(proceed, cost);
    this.#room = 0;
  }

  /** Calls `proceed` once, when there is credit and no item waits for it. */
  whenOpen(proceed: () => void): void {
    this.#streams.add(proceed);
  }

  /** Removes a callback. */
  forget(proceed: () => void): void {
    this.#streams.delete(proceed);
    // The next item may be smaller.
    if (this.#items.delete(proceed)) this.#admit();
  }

  /** The peer grants more; false if the sum is over its window. */
  grant(bytes: number): boolean {
    this.#credit += bytes;
    if (this.#credit > this.#window) return false;
    this.#admit();
    return true;
  }

  #admit(): void {
    for (const [proceed, cost] of this.#items) {
      if (!covers(this.#credit, this.#window, cost)) return;
      this.#credit -= cost;
      this.#items.delete(proceed);
      proceed();
    }
    this.#measure();
    if (this.#room < 1) return;
    const streams = [...this.#streams];
    this.#streams.clear();
    for (const proceed of streams) proceed();
  }

  #measure(): void {
    if (this.#items.size > 0) this.#room = 0;
    else this.#room = this.#credit * 2 >= this.#window ? Number.POSITIVE_INFINITY : this.#credit;
  }
}

/** An item larger than the window passes, too: while half of the window is left, any item may be sent. */
function covers(credit: number, window: number, cost: number): boolean {
  return cost <= credit || credit * 2 >= window;
}
