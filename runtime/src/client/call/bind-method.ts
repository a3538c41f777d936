import type { RpcError } from "../../contract/rpc-error.js";
import { ignoreErrors, releaseUnread } from "../../wire/iterator-of.js";
import { ClientCall } from "./client-call.js";
import { inherit } from "./inherit.js";
import { type ClientCallInfo, interceptOutbound } from "./interceptor.js";
import type { MethodBinding } from "./method-binding.js";
import { nameMethod } from "./name-method.js";
import { promisedResponseStream, responseStream, safeResponseStream } from "./response-stream.js";
import { startStreaming } from "./start-streaming.js";
import type { Items, ResponseStream } from "./streams.js";
import { toResult } from "./to-result.js";
import type { CallOptions } from "./unary.js";

/** A function of a generated client, with its `safe`. Generated interfaces give it its types. */
export type BoundMethod = ((...args: never[]) => unknown) & { readonly safe: (...args: never[]) => unknown };

type Begin = (request: unknown, items: Items<unknown> | undefined, options: CallOptions | undefined) => unknown;

/** Makes the function that calls a method, as its kind asks for. */
export function bindMethod(binding: MethodBinding): BoundMethod {
  const { method } = binding;
  const begin = withParent(binding, binding.interceptors.length === 0 ? direct(binding) : intercepted(binding));
  const call: (...args: unknown[]) => unknown =
    method.requestItem === undefined
      ? (request = {}, options?) => begin(request, undefined, options as CallOptions | undefined)
      : (request, items, options?) => begin(request, items as Items<unknown>, options as CallOptions | undefined);
  const safe: (...args: unknown[]) => unknown =
    method.responseItem === undefined
      ? (...args) => toResult(call(...args) as Promise<unknown>)
      : (...args) => safeResponseStream(call(...args) as ResponseStream<unknown, unknown>);
  return Object.assign(call, { safe });
}

/** Gives a promise of the response, or a response stream. */
function direct(binding: MethodBinding): Begin {
  switch (binding.method.kind) {
    case "unary":
      return (request, _items, options) => unary(binding, request, options);
    case "client-streaming":
      return (request, items, options) => startStreaming(binding, request, items, options).response;
    default:
      return (request, items, options) => responseStream(startStreaming(binding, request, items, options));
  }
}

function unary(binding: MethodBinding, request: unknown, options: CallOptions | undefined): Promise<unknown> {
  return new Promise((resolve, reject: (error: RpcError) => void) => {
    try {
      new ClientCall(binding, request, options, resolve, reject).start();
    } catch (error) {
      reject(nameMethod(error, binding.method.id));
    }
  });
}

function intercepted(binding: MethodBinding): Begin {
  const { method, interceptors } = binding;
  const begin = direct(binding);
  return (request, items, options = {}) => {
    let isSent = false;
    const send = (call: ClientCallInfo): unknown => {
      isSent = true;
      return begin(call.request, call.items, call.options);
    };
    const result = interceptOutbound(interceptors, { method, request, items: ignoreErrors(items), options }, send)
      .catch((error) => {
        throw nameMethod(error, method.id);
      })
      .finally(() => {
        if (!isSent) releaseUnread(items);
      });
    return method.responseItem === undefined
      ? result
      : promisedResponseStream(result as Promise<ResponseStream<unknown, unknown>>);
  };
}

function withParent(binding: MethodBinding, begin: Begin): Begin {
  const { method } = binding;
  const timeout = method.timeout ?? (method.kind === "unary" ? binding.timeout : undefined);
  return (request, items, options) =>
    begin(request, items, options?.parent === undefined ? options : inherit(options, options.parent, timeout));
}
