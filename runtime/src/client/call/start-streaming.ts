import { AsyncResource } from "node:async_hooks";
import { rejectToCaller } from "../../base/async/reject-to-caller.js";
import { errorMessage } from "../../base/error-message.js";
import { decodeItem, encodeItem } from "../../codec/items.js";
import { RpcError } from "../../contract/rpc-error.js";
import { ItemReceiver } from "../../wire/item-receiver.js";
import { describeSource, type ItemSource, ignoreErrors, isItemSource, releaseUnread } from "../../wire/iterator-of.js";
import { pumpItems } from "../../wire/pump-items.js";
import { StreamPosition } from "../resend/stream-position.js";
import { readFrom, Upload } from "../resend/upload.js";
import type { CallOptions } from "./call-options.js";
import { ClientCall } from "./client-call.js";
import type { MethodBinding, StreamCallbacks } from "./method-binding.js";
import type { Items, RequestItems } from "./method-types.js";
import { toCallError } from "./read-response.js";

/** A started streaming call: the parts of it that its method returns to the caller. */
export interface StreamingCall {
  /** The items of the response; the iteration ends with the call, and throws where the call fails. */
  readonly items: ItemReceiver<unknown>;
  /** Where its consumer is. */
  readonly position: StreamPosition;
  readonly response: Promise<unknown>;
  readonly cancel: () => void;
}

/** Starts a streaming call. It never throws: an invalid call fails through its response and its items. */
export function startStreaming(
  binding: MethodBinding,
  request: unknown,
  source: RequestItems<unknown> | undefined,
  options: CallOptions | undefined,
): StreamingCall {
  const { codec } = binding;
  const { requestItem, responseItem, id } = binding.method;
  let call: ClientCall | undefined;
  let isRead = false;
  // The connection opens and ends the call: the caller's request stream must run in the caller's asynchronous context.
  const context = new AsyncResource("SSHRPC_CALL");
  const release = (): void => {
    if (!isRead) context.runInAsyncScope(releaseUnread, undefined, source);
  };
  const cancel = (): void => call?.cancel(new RpcError("CANCELLED", "the caller cancelled the call"));
  const format = { type: responseItem ?? "bytes", codec, status: "INTERNAL" } as const;
  const isRaw = responseItem === "bytes";
  const position = new StreamPosition(isRaw ? "bytes" : "json", options?.resumeAfter);
  const items: ItemReceiver<unknown> = new ItemReceiver(
    { window: binding.window, budget: binding.windows },
    { isRaw, decode: (item) => decodeItem(position.take(item), format) },
    {
      grant: (bytes) => call?.grant(bytes),
      cancel,
      failed: (error) => {
        if (!items.ended) call?.cancel(error);
      },
    },
  );
  const read = requestItem && readFrom(source, requestItem === "bytes" ? "bytes" : "json");
  const upload = read && new Upload((offset) => readSafely(() => context.runInAsyncScope(read, undefined, offset)));
  const streams: StreamCallbacks = {
    upload,
    ...(requestItem !== undefined && {
      opened: (sender) => {
        isRead = true;
        const format = { type: requestItem, codec, status: "BAD_REQUEST" } as const;
        const encode = (item: unknown) => encodeItem(item, format);
        // An error of the source ends the call, unless the call has ended already.
        const failed = (error: unknown): void => {
          if (!sender.closed) call?.cancel(error instanceof RpcError ? error : sourceFailed(error));
        };
        const send = (items: ItemSource<unknown>): void => {
          const pump = () => pumpItems(items, encode, sender, { onAbort: failed });
          context.runInAsyncScope(pump).then(() => sender.end(), failed);
        };
        if (upload === undefined) send(source as Items<unknown>);
        else upload.opened(send);
      },
    }),
    ...(responseItem !== undefined && {
      items,
      position,
      restart: () => {
        position.restart();
        items.restart();
      },
    }),
    ended: (error) => {
      items.end(error);
      items.release();
      release();
    },
  };
  const response = new Promise((resolve) => {
    try {
      if (requestItem !== undefined && upload === undefined) checkSource(ignoreErrors(source));
      call = new ClientCall(binding, { request, options, resolve, streams });
      call.start();
    } catch (error) {
      const named = toCallError(error, id);
      items.end(named);
      release();
      resolve(rejectToCaller(named));
    }
  });
  // A consumer that iterates receives the error there, and may ignore the response.
  response.catch(() => undefined);
  return { items, position, response, cancel };
}

function checkSource(source: unknown): void {
  if (isItemSource(source)) return;
  throw new RpcError(
    "BAD_REQUEST",
    `the request stream is ${describeSource(source)}, not an async iterable or an iterable`,
  );
}

function sourceFailed(error: unknown): RpcError {
  const message = errorMessage(error);
  return new RpcError("CANCELLED", `the request stream failed: ${message}`, { cause: error });
}

/** A source that cannot be opened fails as one that cannot be read. */
function readSafely(read: () => ItemSource<unknown>): ItemSource<unknown> {
  try {
    return read();
  } catch (error) {
    return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) };
  }
}
