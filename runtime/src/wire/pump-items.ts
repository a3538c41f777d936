import { AsyncResource } from "node:async_hooks";
import { setImmediate as turn } from "node:timers/promises";
import type { ItemSender } from "./item-sender.js";
import { type ItemSource, iteratorOf } from "./iterator-of.js";

/** Takes the items of a stream: the sender of a connection, or a consumer in this process. */
export type ItemSink = Pick<ItemSender, "blocked" | "ready" | "send" | "sendBytes" | "onClose">;

/**
 * Sends the items of `source` as fast as the other side takes them: it asks for the next one only when that may be sent.
 * When the call ends meanwhile, or an item cannot be sent, the source's iterator is returned, so that its `finally` runs;
 * the promise settles after that. All of it runs in the
 * asynchronous context of the caller.
 * @param encode gives the body of an item: JSON text, or raw bytes, which are cut into as many frames as they need
 * @param leaving told at once why the source is left before its end: its `finally` may take long
 * @returns what the source returned, as a generator does
 * @throws what the source or `encode` throws, or why the call ended
 */
export async function pumpItems<Item, Result>(
  source: ItemSource<Item, Result>,
  encode: (item: Item) => string | Uint8Array,
  sender: ItemSink,
  leaving: (error: unknown) => void,
): Promise<Result> {
  const iterator = iteratorOf(source);
  let left: Promise<void> | undefined;
  /** Whether the source has ended by itself: then there is nothing to leave. */
  let over = false;
  const leave = (): Promise<void> => {
    left ??= leaveSource(iterator);
    return left;
  };
  // It is called by whatever ends the call, and a `finally` runs in the context of its caller.
  const context = new AsyncResource("SSHRPC_ITEMS");
  sender.onClose = () => context.runInAsyncScope(leave);
  try {
    for (;;) {
      if (sender.blocked) await sender.ready();
      over = true;
      const next = await iterator.next();
      if (next.done === true) return next.value;
      over = false;
      const body = encode(await next.value);
      if (sender.blocked) await sender.ready();
      if (typeof body === "string") sender.send(body);
      // Nothing is sent, so nothing would ever make an endless run of such items wait.
      else if (body.length === 0) await turn();
      else await sendBytes(body, sender);
    }
  } catch (error) {
    if (!over) {
      leaving(error);
      leave();
    }
    throw error;
  } finally {
    sender.onClose = undefined;
    await left;
  }
}

/** Waits between the pieces, too: a large item must not hold up all other calls. */
async function sendBytes(bytes: Uint8Array, sender: ItemSink): Promise<void> {
  for (let sent = 0; sent < bytes.length; ) {
    if (sender.blocked) await sender.ready();
    sent = sender.sendBytes(bytes, sent);
  }
}

/** What a source throws as it is left is not why the call ended. */
async function leaveSource(iterator: AsyncIterator<unknown> | Iterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // See above.
  }
}
