import { anySignal } from "../base/async/any-signal.js";
import type { Transport } from "../base/transport.js";
import type { MethodContract } from "../contract/contract.js";
import type { Api, Validator } from "../contract/method.js";
import { RpcError } from "../contract/rpc-error.js";
import type { Verb } from "../contract/verb.js";
import { isPromise } from "../wire/iterator-of.js";
import { type CallOptions, checkCallOptions } from "./call/call-options.js";
import type { RequestItems, ResponseStream } from "./call/method-types.js";
import { type Client, openClient } from "./client.js";

/** Default timeout of connecting in ms. */
export const CONNECT_TIMEOUT = 30_000;

type PathMethod = (
  ...args:
    | [request: unknown, options: CallOptions]
    | [request: unknown, items: RequestItems<unknown>, options: CallOptions]
) => ResponseStream<unknown, unknown> | Promise<unknown>;

type PathClient = Client & { readonly path: { readonly [verb: string]: PathMethod } };

/** A call by path, such as `GET /notes/42`. */
interface PathCall {
  readonly verb: Verb;
  readonly path: string;
  /** Default: the empty object; the server adds the parameters of the path. */
  readonly request?: unknown;
  /**
   * Timeout in ms of the connection and the call together. Default: 30,000 for the connection, and for the call the timeout of
   * its method or of the server.
   */
  readonly timeout?: number | undefined;
  /** Receives the items of the response stream, each with its position; the next item is requested when its promise resolves. */
  readonly onItem?: (item: unknown, position: string | undefined) => unknown;
  /** The position that the response stream begins behind. Default: none. */
  readonly resumeAfter?: string | undefined;
  /** See `CallOptions.idempotencyKey`. Default: none. */
  readonly idempotencyKey?: string | undefined;
  /** The request stream, for a method that takes one. Default: none. */
  readonly items?: RequestItems<unknown> | undefined;
  /** What is known of the method: the call is then sent again as that of a generated client. Default: nothing, so it is not idempotent and has no key. */
  readonly method?: Pick<MethodContract, "idempotent" | "kind"> | undefined;
  /** Whether the items of both directions are raw bytes instead of JSON. Default: false. */
  readonly bytes?: boolean | undefined;
  /** Cancels the connection attempt and the call when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes one call without a contract: the server finds the method, adds the path's parameters to the request, and validates
 * it. The connection is closed afterwards. Resolves with the response; undefined where a stream ends without one.
 * @throws RpcError the status of the call, UNAVAILABLE or UNAUTHENTICATED where the connection fails; BAD_REQUEST for an invalid
 * timeout
 */
export async function callPath(transport: Transport, call: PathCall): Promise<unknown> {
  const { request = {}, timeout, onItem = () => undefined, items, signal, resumeAfter, idempotencyKey } = call;
  if (timeout !== undefined) checkCallOptions({}, timeout);
  const deadline = performance.now() + (timeout ?? Number.POSITIVE_INFINITY);
  await using client = await open(transport, call);
  const method = client.path[call.verb.toLowerCase()] as PathMethod;
  const options: CallOptions = {
    ...(timeout !== undefined && { timeout: Math.max(1, deadline - performance.now()) }),
    ...(signal && { signal }),
    ...(resumeAfter !== undefined && { resumeAfter }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  };
  const stream = items === undefined ? method(request, options) : method(request, items, options);
  if (isPromise(stream)) return await stream;
  for await (const item of stream) await onItem(item, stream.position);
  return await stream.response;
}

async function open(transport: Transport, call: PathCall): Promise<PathClient> {
  const { timeout = CONNECT_TIMEOUT, signal } = call;
  const api = pathApi(call);
  const late = AbortSignal.timeout(Math.ceil(timeout));
  try {
    return await openClient<PathClient>(api, transport, { signal: signal ? anySignal([late, signal]) : late });
  } catch (error) {
    if (!late.aborted || signal?.aborted) throw error;
    // A part of the caller's timeout may have passed before this call, so the rest of it would be misleading.
    const when = call.timeout === undefined ? `within ${timeout} ms` : "before the deadline";
    const message = `no connection to ${transport.address} ${when}`;
    throw new RpcError("DEADLINE_EXCEEDED", message, { method: api.methods[0]?.id });
  }
}

function pathApi({ verb, path, items, bytes = false, method }: PathCall): Api {
  const id = `${verb} ${path}`;
  const { idempotent = false, kind: known } = method ?? {};
  const common = { id, resource: "path", verb, path, params: {}, idempotent, request: any, response: any };
  const item = bytes ? "bytes" : any;
  if (items !== undefined && known === "client-streaming")
    return { name: "", version: "", hash: "", methods: [{ ...common, kind: known, requestItem: item }] };
  // A method without a response stream fits too: its stream ends without an item. So two kinds cover all four.
  const kind =
    items === undefined
      ? ({ kind: "server-streaming" } as const)
      : ({ kind: "bidirectional", requestItem: item } as const);
  return { name: "", version: "", hash: "", methods: [{ ...common, ...kind, responseItem: item }] };
}

const any: Validator = () => true;
