import type { Transport } from "../base/transport.js";
import type { Api, Validator } from "../contract/method.js";
import { RpcError } from "../contract/rpc-error.js";
import type { Verb } from "../contract/verb.js";
import type { Items, ResponseStream } from "./call/streams.js";
import type { CallOptions } from "./call/unary.js";
import { type Client, openClient } from "./client.js";

/** Milliseconds for the way to the server where nobody says. */
const CONNECT_TIMEOUT = 30_000;

type PathMethod = (
  ...args: [request: unknown, options: CallOptions] | [request: unknown, items: Items<unknown>, options: CallOptions]
) => ResponseStream<unknown, unknown>;

type PathClient = Client & { readonly path: { readonly [verb: string]: PathMethod } };

/** What one may say of a call by path. */
export interface CallPathOptions {
  /**
   * Milliseconds for all of it, the way to the server included. Default: 30,000 for the way, and for the call what its
   * method and the server say.
   */
  readonly timeout?: number | undefined;
  /** Takes the items of a method that streams, as they arrive; the next one is asked for when its promise resolves. */
  readonly onItem?: (item: unknown) => unknown;
  /** The request stream, for a method that takes one. Default: none. */
  readonly items?: Items<unknown> | undefined;
  /** Whether the items of both directions are raw bytes, and no JSON. Default: false. */
  readonly bytes?: boolean | undefined;
  /** Cancels it. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes one call without a contract, as `GET /notes/42` on a command line: the server finds the method, takes the path's
 * parameters into the request, and validates. The connection is closed afterwards. Resolves with the response; undefined
 * where a stream ends without one.
 * @throws RpcError whatever the call's status is, or UNAVAILABLE or UNAUTHENTICATED where there is no connection
 */
export async function callPath(
  transport: Transport,
  verb: Verb,
  path: string,
  request: unknown,
  { timeout, onItem = () => undefined, items, bytes = false, signal }: CallPathOptions = {},
): Promise<unknown> {
  const deadline = performance.now() + (timeout ?? Number.POSITIVE_INFINITY);
  await using client = await open(transport, pathApi(verb, path, items !== undefined, bytes), timeout, signal);
  const call = client.path[verb.toLowerCase()] as PathMethod;
  const options: CallOptions = {
    ...(timeout !== undefined && { timeout: Math.max(1, deadline - performance.now()) }),
    ...(signal && { signal }),
  };
  const stream = items === undefined ? call(request, options) : call(request, items, options);
  for await (const item of stream) await onItem(item);
  return await stream.response;
}

async function open(
  transport: Transport,
  api: Api,
  timeout: number = CONNECT_TIMEOUT,
  cancel?: AbortSignal,
): Promise<PathClient> {
  const late = AbortSignal.timeout(timeout);
  try {
    return await openClient<PathClient>(api, transport, { signal: cancel ? AbortSignal.any([late, cancel]) : late });
  } catch (error) {
    if (!late.aborted || cancel?.aborted) throw error;
    const message = `no connection to ${transport.address} within ${timeout} ms`;
    throw new RpcError("DEADLINE_EXCEEDED", message, { method: api.methods[0]?.id });
  }
}

function pathApi(verb: Verb, path: string, isUp: boolean, isBytes: boolean): Api {
  const id = `${verb} ${path}`;
  const common = { id, resource: "path", verb, path, params: {}, idempotent: false, request: any, response: any };
  const item = isBytes ? "bytes" : any;
  // Who answers at once is one who streams nothing first, so these kinds take the answers of any.
  const kind = isUp ? ({ kind: "bidirectional", requestItem: item } as const) : ({ kind: "server-streaming" } as const);
  return { name: "", version: "", hash: "", methods: [{ ...common, ...kind, responseItem: item }] };
}

const any: Validator = () => true;
