/** Bytes of the longest position of a stream, as UTF-8. */
export const MAX_POSITION = 512;

const BRAND = Symbol.for("sshrpc.Tracked");

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Why a value cannot be the position of an item in a stream; undefined if it can. */
export function positionProblem(value: unknown): string | undefined {
  if (typeof value !== "string") return `a position must be a string, not ${value === null ? "null" : typeof value}`;
  if (value === "") return "a position must not be empty";
  const size = Buffer.byteLength(value);
  if (size > MAX_POSITION) return `a position of ${size} bytes; the limit is ${MAX_POSITION}`;
  return LONE_SURROGATE.test(value)
    ? "a position must be well-formed Unicode: it has half of a surrogate pair"
    : undefined;
}

/**
 * An item of a response stream with its position: see {@link tracked}. An interceptor that changes the items of streams keeps their positions:
 * `item instanceof Tracked ? item.map(change) : change(item)`.
 */
export class Tracked<Item> {
  /** Handlers may have a copy of this module of their own. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && BRAND in value;
  }

  readonly [BRAND] = true;
  readonly #position: string;
  readonly #item: Item;

  /** @throws TypeError as {@link tracked} */
  constructor(position: string, item: Item) {
    const problem = positionProblem(position);
    if (problem !== undefined) throw new TypeError(problem);
    this.#position = position;
    this.#item = item;
  }

  get position(): string {
    return this.#position;
  }

  get item(): Item {
    return this.#item;
  }

  /** Another item at the same position. */
  map<Other>(change: (item: Item) => Other): Tracked<Other> {
    return new Tracked(this.#position, change(this.#item));
  }
}

/**
 * Marks an item of a response stream with its position, so that a caller whose connection is lost goes on behind it: the handler is
 * called again, and `ctx.resumeAfter` is the position of the last item that the caller has taken. Mark every item of a stream: a caller
 * that has taken an item without a position cannot resume there.
 * @param position names the place of the item in its stream, such as an offset or a sequence number; only the handler reads it. It
 * has 1 to 512 bytes as UTF-8.
 * @throws TypeError for any other position
 */
export function tracked<Item>(position: string, item: Item): Tracked<Item> {
  return new Tracked(position, item);
}
