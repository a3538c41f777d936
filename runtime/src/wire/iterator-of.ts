/** A source of items. */
export type ItemSource<Item, Result = unknown> = AsyncIterable<Item, Result> | Iterable<Item, Result>;

type ItemIterator<Item, Result> = AsyncIterator<Item, Result> | Iterator<Item, Result>;

/** Whether items can be read from a value. A string is iterable, too, but passing one as a stream is a mistake. */
export function isItemSource(value: unknown): value is ItemSource<unknown> {
  if (typeof value !== "object" || value === null) return false;
  return has(value, Symbol.asyncIterator) || has(value, Symbol.iterator);
}

/**
 * An iterator over `source` whose `return` never blocks. The `return` of Node and web streams does: it waits for the next
 * chunk before it releases the stream.
 * @throws TypeError if `source` is not iterable
 */
export function iteratorOf<Item, Result>(source: ItemSource<Item, Result>): ItemIterator<Item, Result> {
  if (!isItemSource(source)) {
    throw new TypeError(`items must be an async iterable or an iterable, not ${describeSource(source)}`);
  }
  if (has(source, "getReader")) return readerIterator(source as unknown as ReadableStream<Item>);
  const iterator = has(source, Symbol.asyncIterator) ? asyncIterator(source) : syncIterator(source);
  return isNodeStream(source) ? destroying(ignoreErrors(source), iterator) : iterator;
}

/**
 * Attaches a no-op "error" listener to a Node stream, so that an unread stream cannot crash the process; a later reader still
 * sees the error. Returns the same value.
 */
export function ignoreErrors<Source>(source: Source): Source {
  if (isItemSource(source) && isNodeStream(source)) source.on("error", () => undefined);
  return source;
}

/**
 * Releases a source that was never read: a Node or a web stream may hold a file or a socket open. Other sources hold
 * nothing, and can still be read.
 */
export function releaseUnread(source: unknown): void {
  if (!isItemSource(source)) return;
  if (isNodeStream(source)) source.destroy();
  // `cancel` rejects for a stream that has another reader, which then owns it.
  else if (has(source, "getReader")) (source as unknown as ReadableStream).cancel().catch(() => undefined);
}

/** Whether a value has to be awaited. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === "function";
}

/** Names a value that is not a source, for messages. */
export function describeSource(value: unknown): string {
  return value === null ? "null" : typeof value === "object" ? "an object without an iterator" : typeof value;
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
