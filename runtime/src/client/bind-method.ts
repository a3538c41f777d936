import type { RpcError } from "../contract/rpc-error.js";
import { ClientCall, type MethodBinding } from "./client-call.js";
import { nameMethod } from "./name-method.js";
import { responseStream, type StreamingCall, safeResponseStream, startStreaming, toResult } from "./response-stream.js";
import type { Items } from "./streams.js";
import type { CallOptions } from "./unary.js";

/** A function of a generated client, with its `safe`. Generated interfaces give it its types. */
export type BoundMethod = ((...args: never[]) => unknown) & { readonly safe: (...args: never[]) => unknown };

/** Makes the function that calls a method, as its kind asks for. */
export function bindMethod(binding: MethodBinding): BoundMethod {
  switch (binding.method.kind) {
    case "unary":
      return bindUnary(binding);
    case "client-streaming":
      return bindClientStreaming(binding);
    case "server-streaming":
      return bindResponseStream((request: unknown = {}, options?: CallOptions) =>
        startStreaming(binding, request, undefined, options),
      );
    case "bidirectional":
      return bindResponseStream((request: unknown, items: Items<unknown>, options?: CallOptions) =>
        startStreaming(binding, request, items, options),
      );
  }
}

function bindUnary(binding: MethodBinding): BoundMethod {
  const call = (request: unknown = {}, options?: CallOptions): Promise<unknown> =>
    new Promise((resolve, reject: (error: RpcError) => void) => {
      try {
        new ClientCall(binding, request, options, resolve, reject).start();
      } catch (error) {
        reject(nameMethod(error, binding.method.id));
      }
    });
  return Object.assign(call, {
    safe: (request?: unknown, options?: CallOptions) => toResult(call(request, options)),
  });
}

function bindClientStreaming(binding: MethodBinding): BoundMethod {
  const call = (request: unknown, items: Items<unknown>, options?: CallOptions): Promise<unknown> =>
    startStreaming(binding, request, items, options).response;
  return Object.assign(call, {
    safe: (request: unknown, items: Items<unknown>, options?: CallOptions) => toResult(call(request, items, options)),
  });
}

function bindResponseStream<Args extends never[]>(start: (...args: Args) => StreamingCall): BoundMethod {
  return Object.assign((...args: Args) => responseStream(start(...args)), {
    safe: (...args: Args) => safeResponseStream(start(...args)),
  });
}
