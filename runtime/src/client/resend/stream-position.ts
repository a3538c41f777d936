import type { BytesView } from "../../codec/codec.js";
import { FLAG, type ItemView, POSITION_SIZE, positionSize } from "../../wire/frame.js";
import type { ItemKind } from "../../wire/hello.js";
import type { FailedAttempt } from "./decide-resend.js";

/** The place of a consumer in a response stream: a call that is sent again goes on behind it. */
export class StreamPosition {
  readonly #isRaw: boolean;
  #position: string | undefined;
  #items = 0;
  /** Bytes of a raw stream that were taken behind the position, and how many of them arrive once more. */
  #bytesBehind = 0;
  #repeated = 0;

  /**
   * @param kind of the items; the boundaries of those of raw bytes have no meaning
   * @param position where the stream begins; default: at its first item
   */
  constructor(kind: ItemKind, position: string | undefined) {
    this.#isRaw = kind === "bytes";
    this.#position = position;
  }

  /** The position of the item that was taken last; before the first one, where the stream begins. Undefined if it has none. */
  get position(): string | undefined {
    return this.#position;
  }

  /** Number of items that were taken. */
  get items(): number {
    return this.#items;
  }

  /** See {@link FailedAttempt.taken}. */
  get taken(): FailedAttempt["taken"] {
    if (this.#items === 0) return "nothing";
    return this.#position === undefined ? "an item without a position" : "an item with a position";
  }

  /** The consumer takes an item. Returns it without its position, and without bytes that the consumer has already. */
  take(item: ItemView): BytesView {
    if (!this.#isRaw && (item.flags & FLAG.POSITION) === 0) {
      this.#position = undefined;
      this.#items += 1;
      return item;
    }
    const { buffer, end } = item;
    const prefix = positionSize(item);
    let start = item.start + prefix;
    if (this.#repeated > 0) {
      const repeated = Math.min(this.#repeated, end - start);
      this.#repeated -= repeated;
      this.#bytesBehind -= repeated;
      start += repeated;
    }
    if (prefix > 0) {
      this.#position = buffer.toString("utf8", item.start + POSITION_SIZE, item.start + prefix);
      this.#bytesBehind = this.#repeated;
    } else this.#bytesBehind += end - item.start;
    // Bytes that the consumer had before are not progress.
    if (!this.#isRaw || start < end) this.#items += 1;
    // Most are whole, and need no view of their own.
    return start === item.start ? item : { buffer, start, end };
  }

  /** The stream begins anew, behind the position. */
  restart(): void {
    this.#repeated = this.#bytesBehind;
  }
}
