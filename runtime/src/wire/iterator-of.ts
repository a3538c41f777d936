/** What items can be taken from. */
export type ItemSource<Item, Result = unknown> = AsyncIterable<Item, Result> | Iterable<Item, Result>;

type ItemIterator<Item, Result> = AsyncIterator<Item, Result> | Iterator<Item, Result>;

/** A text is iterable, too, but whoever gives one as a stream meant something else. */
export function isItemSource(value: unknown): value is ItemSource<unknown> {
  if (typeof value !== "object" || value === null) return false;
  return has(value, Symbol.asyncIterator) || has(value, Symbol.iterator);
}

/**
 * An iterator over `source` that can be returned at any moment. Those of Node and web streams cannot: they wait for the
 * next chunk before they let go of their stream, and it may never come.
 * @throws TypeError where there is nothing to iterate
 */
export function iteratorOf<Item, Result>(source: ItemSource<Item, Result>): ItemIterator<Item, Result> {
  if (!isItemSource(source)) {
    throw new TypeError(`items must come from an async iterable or an iterable, not from ${describeSource(source)}`);
  }
  if (has(source, "getReader")) return readerIterator(source as unknown as ReadableStream<Item>);
  const iterator = has(source, Symbol.asyncIterator) ? asyncIterator(source) : syncIterator(source);
  return has(source, "destroy") && has(source, "pipe") ? destroying(source, iterator) : iterator;
}

/** Names a value that is no source, for messages. */
export function describeSource(value: unknown): string {
  return value === null ? "null" : typeof value === "object" ? "an object that has no iterator" : typeof value;
}

function has(value: object, key: PropertyKey): boolean {
  return typeof (value as Record<PropertyKey, unknown>)[key] === "function";
}

function asyncIterator<Item, Result>(source: ItemSource<Item, Result>): ItemIterator<Item, Result> {
  return (source as AsyncIterable<Item, Result>)[Symbol.asyncIterator]();
}

function syncIterator<Item, Result>(source: ItemSource<Item, Result>): ItemIterator<Item, Result> {
  return (source as Iterable<Item, Result>)[Symbol.iterator]();
}

function readerIterator<Item, Result>(stream: ReadableStream<Item>): AsyncIterator<Item, Result> {
  const reader = stream.getReader();
  return {
    next: () => reader.read() as Promise<IteratorResult<Item, Result>>,
    return: async () => {
      await reader.cancel();
      return { done: true, value: undefined as Result };
    },
  };
}

function destroying<Item, Result>(source: object, iterator: ItemIterator<Item, Result>): AsyncIterator<Item, Result> {
  return {
    next: async () => iterator.next(),
    return: async () => {
      (source as { destroy(): void }).destroy();
      return (await iterator.return?.()) ?? { done: true, value: undefined as Result };
    },
  };
}
