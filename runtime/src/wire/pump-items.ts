import { AsyncResource } from "node:async_hooks";
import { setImmediate } from "node:timers/promises";
import type { Turn } from "../base/accounts/turns.js";
import type { ItemSender } from "./item-sender.js";
import { type ItemSource, isPromise, iteratorOf } from "./iterator-of.js";

/** Takes the items of a stream: the sender of a connection, or a consumer in this process. */
export type ItemSink = Pick<ItemSender, "begin" | "ready" | "send" | "sendBytes" | "listenForClose" | "finish">;

/** What a stream needs beside its source and its sender. */
interface Pump {
  /** Called at once with the error if the source ends early: its `finally` blocks may take long. */
  readonly onAbort: (error: unknown) => void;
  /** Returns the position to send with an item. Default: none is sent. */
  readonly positionOf?: ((item: never) => string | undefined) | undefined;
  /** The turns in which items are prepared: a thousand streams whose sources have many items must not delay other keys. */
  readonly turn?: Turn | undefined;
}

/**
 * Sends the items of `source` under flow control: it requests the next one only when it can be sent. If the call ends first,
 * or an item cannot be sent, the source's iterator is returned and its `finally` blocks run; the promise settles afterwards.
 * The source runs in the asynchronous context of the caller.
 * @param encode returns an encoded item, or raw bytes, which are split into as many frames as they need
 * @returns the return value of the source, as of a generator
 * @throws what the source or `encode` throws, or the reason why the call ended
 */
export async function pumpItems<Item, Result>(
  source: ItemSource<Item, Result>,
  encode: (item: Item) => string | Uint8Array,
  sender: ItemSink,
  { onAbort, positionOf, turn }: Pump,
): Promise<Result> {
  const iterator = iteratorOf(source);
  let returned: Promise<void> | undefined;
  /** Whether the source has ended by itself, and must not be returned. */
  let isDone = false;
  const returnSource = (): Promise<void> => {
    returned ??= returnIterator(iterator);
    return returned;
  };
  // The close listener is called in the context of the code that ends the call; `finally` blocks need that of the caller.
  const context = new AsyncResource("SSHRPC_ITEMS");
  sender.listenForClose(() => context.runInAsyncScope(returnSource));
  try {
    // Sources begin in microtasks, after all OPENs of a chunk.
    await turn?.start();
    for (;;) {
      if (!sender.begin()) await sender.ready();
      isDone = true;
      const next = await iterator.next();
      if (next.done === true) return next.value;
      isDone = false;
      // Only a synchronous source gives promises.
      const item = isPromise(next.value) ? await next.value : next.value;
      // Encoded only when it can be sent: encoded items of many streams would wait for the transport.
      if (!sender.begin()) await sender.ready();
      const body = encode(item);
      const position = positionOf?.(item as never);
      if (typeof body === "string") {
        const later = sender.send(body, position);
        if (later !== undefined) await later;
      }
      // An empty item sends nothing, unless it has a position, and costs no credit: an endless run must not block the event loop.
      else if (body.length === 0 && position === undefined) await setImmediate();
      else await sendBytes(body, sender, position);
      const passed = turn?.pass(body.length);
      if (passed !== undefined) await passed;
    }
  } catch (error) {
    if (!isDone) {
      onAbort(error);
      returnSource();
    }
    throw error;
  } finally {
    sender.finish();
    await returned;
  }
}

/** Waits between the frames, too: a large item must not delay all other calls. The last frame has the position. */
async function sendBytes(bytes: Uint8Array, sender: ItemSink, position: string | undefined): Promise<void> {
  for (let sent = 0; sent < bytes.length || (position !== undefined && sent === 0); ) {
    if (!sender.begin()) await sender.ready();
    const next = sender.sendBytes(bytes, sent, position);
    // A window that covers a byte may not cover the position.
    if (next === sent && position !== undefined && bytes.length - sent <= 1) {
      await sender.send(bytes.subarray(sent), position);
      return;
    }
    sent = next;
  }
}

/** Ignores what the source throws in its `finally` blocks: the call has ended for another reason. */
async function returnIterator(iterator: AsyncIterator<unknown> | Iterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // Ignored, as described above.
  }
}
