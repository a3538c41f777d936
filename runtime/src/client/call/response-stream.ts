import type { Result } from "../../contract/result.js";
import type { RpcError } from "../../contract/rpc-error.js";
import type { ResponseStream, SafeResponseStream } from "./method-types.js";
import type { StreamingCall } from "./start-streaming.js";

/** The outcome of a call as a value. */
export function toResult(response: Promise<unknown>): Promise<Result<unknown, RpcError>> {
  return response.then(
    (value) => ({ ok: true, value }),
    (error: RpcError) => ({ ok: false, error }),
  );
}

/** The response stream of a started call. */
export function responseStream({ items, position, response, cancel }: StreamingCall): ResponseStream<unknown, unknown> {
  return {
    response,
    get position() {
      return position.position;
    },
    cancel,
    [Symbol.asyncIterator]: () => items,
    [Symbol.asyncDispose]: async () => {
      await items.return();
    },
  };
}

/** The same stream, with the outcome as a value instead of an exception. */
export function safeResponseStream(
  stream: ResponseStream<unknown, unknown>,
): SafeResponseStream<unknown, unknown, RpcError> {
  const result = toResult(stream.response);
  return {
    result,
    get position() {
      return stream.position;
    },
    cancel: () => stream.cancel(),
    // Not an async generator: its return() would block until the pending next() settles.
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

/** A response stream that the interceptors have not returned yet. */
export function promisedResponseStream(
  promise: Promise<ResponseStream<unknown, unknown>>,
): ResponseStream<unknown, unknown> {
  let started: ResponseStream<unknown, unknown> | undefined;
  const response = promise.then((stream) => {
    started = stream;
    return stream.response;
  });
  response.catch(() => undefined);
  const cancel = (): void => void promise.then((stream) => stream.cancel()).catch(() => undefined);
  return {
    response,
    get position() {
      return started?.position;
    },
    cancel,
    // Not an async generator: its return() would block until the pending next() settles.
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
