import { AsyncResource } from "node:async_hooks";
import { errorMessage } from "../../base/error-message.js";
import { decodeItem, encodeItem } from "../../codec/items.js";
import { RpcError } from "../../contract/rpc-error.js";
import { ItemReceiver } from "../../wire/item-receiver.js";
import { describeSource, ignoreErrors, isItemSource, releaseUnread } from "../../wire/iterator-of.js";
import { pumpItems } from "../../wire/pump-items.js";
import type { CallStreams } from "./call-streams.js";
import { ClientCall } from "./client-call.js";
import type { MethodBinding } from "./method-binding.js";
import { nameMethod } from "./name-method.js";
import type { Items } from "./streams.js";
import type { CallOptions } from "./unary.js";

/** A call with streams, in the making: what its kind's method gives to the caller. */
export interface StreamingCall {
  /** The items that arrive; ends when the call does, and throws where it fails. */
  readonly items: ItemReceiver<unknown>;
  readonly response: Promise<unknown>;
  readonly cancel: () => void;
}

/** Begins a call that has streams. It never throws: what is wrong with the call is how it ends. */
export function startStreaming(
  binding: MethodBinding,
  request: unknown,
  source: Items<unknown> | undefined,
  options: CallOptions | undefined,
): StreamingCall {
  const { codec } = binding;
  const { requestItem, responseItem, id } = binding.method;
  let call: ClientCall | undefined;
  let isRead = false;
  // The call may be opened, and end, far from here: what its caller streams runs in the caller's asynchronous context.
  const context = new AsyncResource("SSHRPC_CALL");
  const release = (): void => {
    if (!isRead) context.runInAsyncScope(releaseUnread, undefined, source);
  };
  const cancel = (): void => call?.giveUp(new RpcError("CANCELLED", "the caller cancelled the call"));
  const items = new ItemReceiver<unknown>(binding.window, binding.windows, {
    grant: (bytes) => call?.grant(bytes),
    cancel,
  });
  const format = responseItem && ({ type: responseItem, codec, status: "INTERNAL" } as const);
  const streams: CallStreams = {
    ...(requestItem !== undefined && {
      opened: (sender) => {
        isRead = true;
        const format = { type: requestItem, codec, status: "BAD_REQUEST" } as const;
        const encode = (item: unknown) => encodeItem(item, format);
        // What the source throws is why the call ends; what ended the call already is not news.
        const failed = (error: unknown): void => {
          if (!sender.closed) call?.giveUp(error instanceof RpcError ? error : sourceFailed(error));
        };
        const pump = () => pumpItems(source as Items<unknown>, encode, sender, failed);
        context.runInAsyncScope(pump).then(() => sender.end(), failed);
      },
    }),
    ...(format !== undefined && {
      item: (item) => items.push(decodeItem(item, format), item.end - item.start),
    }),
    ended: (error) => {
      items.end(error);
      items.release();
      release();
    },
  };
  const response = new Promise((resolve, reject) => {
    try {
      if (requestItem !== undefined) checkSource(ignoreErrors(source));
      call = new ClientCall(binding, request, options, resolve, reject, streams);
      call.start();
    } catch (error) {
      const named = nameMethod(error, id);
      items.end(named);
      release();
      reject(named);
    }
  });
  // Whoever iterates meets the error there, and need not look at the response, too.
  response.catch(() => undefined);
  return { items, response, cancel };
}

function checkSource(source: unknown): void {
  if (isItemSource(source)) return;
  throw new RpcError(
    "BAD_REQUEST",
    `the request stream must be an async iterable or an iterable, not ${describeSource(source)}`,
  );
}

function sourceFailed(error: unknown): RpcError {
  const message = errorMessage(error);
  return new RpcError("CANCELLED", `the request stream failed: ${message}`, { cause: error });
}
