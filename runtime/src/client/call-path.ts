import type { Api, Validator } from "../contract/method.js";
import { RpcError } from "../contract/rpc-error.js";
import type { Verb } from "../contract/verb.js";
import type { Transport } from "../transport.js";
import { type Client, openClient } from "./client.js";
import type { ServerStreamingMethod } from "./streams.js";

/** Milliseconds that a call may take where nobody says. */
const DEFAULT_TIMEOUT = 30_000;

type PathClient = Client & {
  readonly path: { readonly [verb: string]: ServerStreamingMethod<unknown, unknown, unknown, unknown> };
};

/** What one may say of a call by path. */
export interface CallPathOptions {
  /** Milliseconds for all of it, the way to the server included. Default: 30,000. */
  readonly timeout?: number | undefined;
  /** Takes the items of a method that streams, as they arrive. Default: nobody. */
  readonly onItem?: (item: unknown) => void;
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
  { timeout = DEFAULT_TIMEOUT, onItem = () => undefined }: CallPathOptions = {},
): Promise<unknown> {
  const deadline = performance.now() + timeout;
  await using client = await open(transport, pathApi(verb, path), timeout);
  const stream = client.path[verb.toLowerCase()]?.(request, { timeout: Math.max(1, deadline - performance.now()) });
  for await (const item of stream ?? []) onItem(item);
  return await stream?.response;
}

async function open(transport: Transport, api: Api, timeout: number): Promise<PathClient> {
  const signal = AbortSignal.timeout(timeout);
  try {
    return await openClient<PathClient>(api, transport, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
    const message = `no connection to ${transport.address} within ${timeout} ms`;
    throw new RpcError("DEADLINE_EXCEEDED", message, { method: api.methods[0]?.id });
  }
}

function pathApi(verb: Verb, path: string): Api {
  const id = `${verb} ${path}`;
  return {
    name: "",
    version: "",
    hash: "",
    // Who answers at once is one who streams nothing first, so this kind takes the answers of either.
    methods: [
      { id, resource: "path", verb, path, kind: "server-streaming", params: {}, idempotent: false, ...anything },
    ],
  };
}

const any: Validator = () => true;

const anything = { request: any, response: any, responseItem: any };
