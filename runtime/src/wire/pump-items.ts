import type { ItemSender } from "./item-sender.js";

/**
 * Sends the items of `source` as fast as the other side takes them: it asks for the next one only when that may be sent.
 * When the call ends meanwhile, the source's iterator is returned, so that its `finally` runs.
 * @param encode gives the bodies of an item's frames
 * @returns what the source returned, as a generator does
 * @throws what the source or `encode` throws, or why the call ended
 */
export async function pumpItems<Item, Result>(
  source: AsyncIterable<Item, Result> | Iterable<Item, Result>,
  encode: (item: Item) => readonly (string | Uint8Array)[],
  sender: ItemSender,
): Promise<Result> {
  const iterator = iterate(source);
  let finished = false;
  const leave = async (): Promise<void> => {
    if (finished) return;
    finished = true;
    await iterator.return?.();
  };
  sender.onClose = () => void leave().catch(() => undefined);
  try {
    for (;;) {
      if (sender.blocked) await sender.ready();
      const next = await iterator.next();
      if (next.done === true) {
        finished = true;
        return next.value;
      }
      for (const body of encode(await next.value)) {
        if (sender.blocked) await sender.ready();
        sender.send(body);
      }
    }
  } finally {
    sender.onClose = undefined;
    await leave();
  }
}

function iterate<Item, Result>(
  source: AsyncIterable<Item, Result> | Iterable<Item, Result>,
): AsyncIterator<Item, Result> | Iterator<Item, Result> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}
