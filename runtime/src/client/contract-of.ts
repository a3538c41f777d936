import type { ServedContract } from "../contract/built-in/built-in-api.js";
import { RpcError } from "../contract/rpc-error.js";
import type { CallOptions } from "./call/call-options.js";
import { builtInOf, type Client } from "./client.js";

/**
 * Reads the contract of the server that a client is connected to: the methods that its key may call, with their schemas, or with the
 * scope `sshrpc:contract` all of them. With several hosts, one of them answers.
 *
 * @throws RpcError UNIMPLEMENTED where the server is older than this method or was built without its contract, or where the
 * protocol is `korv`; BAD_REQUEST where `client` is not a client; else as any call
 * @example
 * const { contract, complete } = await contractOf(client);
 */
export async function contractOf(client: Client, options?: CallOptions): Promise<ServedContract> {
  const get = builtInOf(client)?.["contract"]?.["get"] as Get | undefined;
  if (get === undefined) throw new RpcError("BAD_REQUEST", "contractOf: the argument is not a client of sshrpc");
  return get({}, options);
}

type Get = (request: object, options: CallOptions | undefined) => Promise<ServedContract>;
