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
  return isNodeStream(source) ? destroying(ignoreErrors(source), iterator) : iterator;
}

/**
 * Keeps a Node stream that fails before anybody reads it from ending the process, as an 'error' does that nobody listens
 * to. Whoever reads it later is told. Gives the same value.
 */
export function ignoreErrors<Source>(source: Source): Source {
  if (isItemSource(source) && isNodeStream(source)) source.on("error", () => undefined);
  return source;
}

/**
 * Lets go of a source that nobody has begun to read: a Node or a web stream may hold a file or a socket already. Others
 * hold nothing yet, and can still be read.
 */
export function releaseUnread(source: unknown): void {
  if (!isItemSource(source)) return;
  if (isNodeStream(source)) source.destroy();
  // One that somebody else reads is theirs to end.
  else if (has(source, "getReader")) (source as unknown as ReadableStream).cancel().catch(() => undefined);
}

/** Names a value that is no source, for messages. */
export function describeSource(value: unknown): string {
  return value === null ? "null" : typeof value === "object" ? "an object that has no iterator" : typeof value;
}

function has(value: object, key: PropertyKey): boolean {
  return typeof (value as Record<PropertyKey, unknown>)[key] === "function";
}

interface NodeStream {
  destroy(): void;
  on(event: "error", listener: () => void): void;
}

function isNodeStream(value: object): value is NodeStream {
  return has(value, "destroy") && has(value, "pipe") && has(value, "on");
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
    next: async () => {
      const next = (await reader.read()) as IteratorResult<Item, Result>;
      if (next.done === true) reader.releaseLock();
      return next;
    },
    return: async () => {
      await reader.cancel();
      return { done: true, value: undefined as Result };
    },
  };
}

function destroying<Item, Result>(
  source: NodeStream,
  iterator: ItemIterator<Item, Result>,
): AsyncIterator<Item, Result> {
  return {
    next: async () => iterator.next(),
    return: async () => {
      source.destroy();
      return (await iterator.return?.()) ?? { done: true, value: undefined as Result };
    },
  };
}
