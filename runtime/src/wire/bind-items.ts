import { AsyncResource } from "node:async_hooks";
import { type ItemSource, isItemSource, iteratorOf } from "./iterator-of.js";

type ItemIterator = AsyncIterator<unknown> | Iterator<unknown>;

const bound = new WeakSet<object>();

/**
 * Binds the stream in `value`, which may be a promise, to the current asynchronous context: a generator runs in the context of
 * the code that calls its `next`, which would be the transport's. Streams that are bound keep their context; values that are
 * not streams are returned as they are.
 */
export async function bindItems(value: unknown): Promise<unknown> {
  const context = new AsyncResource("SSHRPC_ITEMS");
  const source = await value;
  // Iterating an array runs no application code.
  if (!isItemSource(source) || Array.isArray(source) || bound.has(source)) return source;
  const iterate = (): ItemIterator => bindIterator(context.runInAsyncScope(iteratorOf, undefined, source), context);
  const items = { [isSync(source) ? Symbol.iterator : Symbol.asyncIterator]: iterate };
  bound.add(items);
  return items;
}

function bindIterator(iterator: ItemIterator, context: AsyncResource): ItemIterator {
  return {
    next: () => context.runInAsyncScope(iterator.next as () => unknown, iterator),
    ...(iterator.return !== undefined && {
      return: (value: unknown) => context.runInAsyncScope(iterator.return as () => unknown, iterator, value),
    }),
  } as ItemIterator;
}

function isSync(source: ItemSource<unknown>): boolean {
  return !(Symbol.asyncIterator in source) && !("getReader" in source);
}
