import type { RpcError } from "../../contract/rpc-error.js";
import type { StreamingCall } from "./start-streaming.js";
import type { ResponseStream, SafeResponseStream } from "./streams.js";
import { toResult } from "./to-result.js";

/** What the caller iterates. */
export function responseStream({ items, response, cancel }: StreamingCall): ResponseStream<unknown, unknown> {
  return {
    response,
    cancel,
    [Symbol.asyncIterator]: () => items,
    [Symbol.asyncDispose]: async () => {
      await items.return();
    },
  };
}

/** The same stream, where errors are values. */
export function safeResponseStream(
  stream: ResponseStream<unknown, unknown>,
): SafeResponseStream<unknown, unknown, RpcError> {
  const result = toResult(stream.response);
  return {
    result,
    cancel: () => stream.cancel(),
    // No generator: one that waits for an item cannot be left before it comes.
    [Symbol.asyncIterator]() {
      const iterator = stream[Symbol.asyncIterator]();
      return {
        next: async () => {
          try {
            return await iterator.next();
          } catch (error) {
            if ((await result).ok) throw error;
            return { done: true, value: undefined };
          }
        },
        return: async () => {
          await iterator.return?.();
          return { done: true, value: undefined };
        },
      };
    },
    [Symbol.asyncDispose]: () => stream[Symbol.asyncDispose](),
  };
}

/** A response stream that is still on its way through the interceptors. */
export function promisedResponseStream(
  promise: Promise<ResponseStream<unknown, unknown>>,
): ResponseStream<unknown, unknown> {
  const response = promise.then((stream) => stream.response);
  response.catch(() => undefined);
  const cancel = (): void => void promise.then((stream) => stream.cancel()).catch(() => undefined);
  return {
    response,
    cancel,
    // No generator: one that waits for an item cannot be left before it comes.
    [Symbol.asyncIterator]() {
      const iterator = promise.then((stream) => stream[Symbol.asyncIterator]());
      iterator.catch(() => undefined);
      return {
        next: async () => (await iterator).next(),
        return: async () => {
          await (await iterator).return?.();
          return { done: true, value: undefined };
        },
      };
    },
    [Symbol.asyncDispose]: async () => (await promise)[Symbol.asyncDispose](),
  };
}
