import type { Api, Validator } from "../contract/method.js";
import type { Verb } from "../contract/verb.js";
import type { Transport } from "../transport.js";
import { type Client, type ClientOptions, openClient } from "./client.js";
import type { UnaryMethod } from "./unary.js";

type PathClient = Client & { readonly path: { readonly [verb: string]: UnaryMethod<unknown, unknown, unknown> } };

/**
 * Makes one call without a contract, as `GET /notes/42` on a command line: the server finds the method, takes the path's
 * parameters into the request, and validates. The connection is closed afterwards.
 * @throws RpcError whatever the call's status is, or UNAVAILABLE or UNAUTHENTICATED where there is no connection
 */
export async function callPath(
  transport: Transport,
  verb: Verb,
  path: string,
  request: unknown,
  options: ClientOptions = {},
): Promise<unknown> {
  await using client = await openClient<PathClient>(pathApi(verb, path), transport, options);
  return await client.path[verb.toLowerCase()]?.(request);
}

function pathApi(verb: Verb, path: string): Api {
  const id = `${verb} ${path}`;
  return {
    name: "",
    version: "",
    hash: "",
    methods: [
      { id, resource: "path", verb, path, kind: "unary", params: {}, idempotent: false, request: any, response: any },
    ],
  };
}

const any: Validator = () => true;
