import { rejectToCaller } from "../../base/async/reject-to-caller.js";
import { jsonCodec } from "../../codec/json.js";
import type { Method } from "../../contract/method.js";
import { WindowBudget } from "../../wire/flow/stream-window.js";
import { ignoreErrors, releaseUnread } from "../../wire/iterator-of.js";
import type { Limits } from "../../wire/limits.js";
import type { ConnectionSource } from "../connection/connection-source.js";
import type { IdempotencyKeys } from "../resend/call-key.js";
import type { CallCharge } from "./call-charge.js";
import { type CallOptions, inherit } from "./call-options.js";
import { ClientCall } from "./client-call.js";
import { type ClientCallInfo, type ClientInterceptor, runInterceptors } from "./interceptor.js";
import type { CallDrift, MethodBinding } from "./method-binding.js";
import type { RequestItems, ResponseStream } from "./method-types.js";
import type { CallReports } from "./observed-call.js";
import { toCallError } from "./read-response.js";
import { promisedResponseStream, responseStream, safeResponseStream, toResult } from "./response-stream.js";
import { startStreaming } from "./start-streaming.js";

/** What the methods of one object have in common. */
export interface BindConfig {
  readonly connections: ConnectionSource;
  /** The index of the first method in the HELLO of this side. Default: 0. */
  readonly firstIndex?: number;
  /** Default timeout of unary calls in ms. */
  readonly timeout: number;
  readonly limits: Limits;
  /** Wrap the calls; the first one is outermost. Default: none. */
  readonly interceptors?: readonly ClientInterceptor[];
  /** Makes idempotency keys. Default: no call is sent with one. */
  readonly keys?: IdempotencyKeys | undefined;
  /** Compares the contracts of the two sides. Default: they are not compared. */
  readonly drift?: CallDrift | undefined;
  /** Where the calls are charged. Default: no limit counts them. */
  readonly charge?: CallCharge | undefined;
  /** The receiver of reports about calls. Default: none. */
  readonly reports?: CallReports | undefined;
}

/** A function of a generated client, with its `safe`. Generated interfaces give it its types. */
type BoundMethod = ((...args: never[]) => unknown) & { readonly safe: (...args: never[]) => unknown };

type Begin = (request: unknown, items: RequestItems<unknown> | undefined, options: CallOptions | undefined) => unknown;

/** Builds the object that generated interfaces describe: a property for each resource, with a function for each verb. */
export function bindMethods(
  methods: readonly Method[],
  { connections, firstIndex = 0, timeout, limits, interceptors = [], keys, drift, charge, reports }: BindConfig,
): Record<string, Record<string, BoundMethod>> {
  const windows = new WindowBudget(limits.windowGrowth);
  const resources: Record<string, Record<string, BoundMethod>> = Object.create(null);
  for (const [index, method] of methods.entries()) {
    const { metadata: maxMetadata, window } = limits;
    const binding: MethodBinding = {
      connections,
      method,
      codec: jsonCodec,
      index: firstIndex + index,
      timeout,
      maxMetadata,
      window,
      windows,
      interceptors,
      keys,
      drift,
      charge,
      reports,
    };
    resources[method.resource] ??= {};
    const verbs = resources[method.resource] as Record<string, BoundMethod>;
    verbs[method.verb.toLowerCase()] = bindMethod(binding);
  }
  return resources;
}

/** The function that calls a method. Its arguments and its result follow from the kind of the method. */
function bindMethod(binding: MethodBinding): BoundMethod {
  const { method } = binding;
  const begin = withParent(binding, binding.interceptors.length === 0 ? direct(binding) : intercepted(binding));
  const call: (...args: unknown[]) => unknown =
    method.requestItem === undefined
      ? (request = {}, options?) => begin(request, undefined, options as CallOptions | undefined)
      : (request, items, options?) =>
          begin(request, items as RequestItems<unknown>, options as CallOptions | undefined);
  const safe: (...args: unknown[]) => unknown =
    method.responseItem === undefined
      ? (...args) => toResult(call(...args) as Promise<unknown>)
      : (...args) => safeResponseStream(call(...args) as ResponseStream<unknown, unknown>);
  return Object.assign(call, { safe });
}

/** Starts calls that pass through no interceptor. It returns a promise of the response, or a response stream. */
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
  return new Promise((resolve) => {
    try {
      new ClientCall(binding, { request, options, resolve }).start();
    } catch (error) {
      resolve(rejectToCaller(toCallError(error, binding.method.id)));
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
    const result = runInterceptors(interceptors, { method, request, items: ignoreErrors(items), options }, send)
      .catch((error) => {
        throw toCallError(error, method.id);
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
