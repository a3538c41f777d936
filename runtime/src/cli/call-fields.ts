import type { RequestSchema } from "../adapters/catalog/catalog.js";
import { needsSchema, requestOfFields } from "../adapters/exec/field-values.js";
import { anySignal } from "../base/async/any-signal.js";
import { CONNECT_TIMEOUT } from "../client/call-path.js";
import type { Contract } from "../contract/contract.js";
import { matchPath, parsePath } from "../contract/path.js";
import { RpcError } from "../contract/rpc-error.js";
import type { Verb } from "../contract/verb.js";
import type { CallServer } from "./shared/call-server.js";

/** A call whose request is given as fields. */
export interface FieldsCall {
  readonly server: CallServer;
  readonly verb: Verb;
  readonly path: string;
  /** Milliseconds until the schema must have arrived. */
  readonly timeout?: number;
  readonly signal: AbortSignal;
}

/**
 * Builds the request of `field=value` words as the server does for commands over `ssh`. It asks the server for the schema, by
 * the command `describe`, if a value could be text or other JSON, such as `5`.
 * @throws RpcError UNAUTHENTICATED
 */
export async function readFields(fields: ReadonlyMap<string, string>, call: FieldsCall): Promise<object> {
  return requestOfFields(fields, needsSchema(fields) ? await readSchema(call) : undefined);
}

/**
 * Undefined where the server has no such method for this caller, or no commands: the call itself then reports why it fails,
 * and validation refuses a value that was parsed as the wrong type.
 */
async function readSchema({ server, verb, path, timeout, signal }: FieldsCall): Promise<RequestSchema | undefined> {
  try {
    const late = AbortSignal.timeout(timeout ?? CONNECT_TIMEOUT);
    const text = await server.run("describe", anySignal([signal, late]));
    return text === undefined ? undefined : findSchema(JSON.parse(text) as Contract, verb, path);
  } catch (error) {
    // A second attempt would prompt again, and the server may count it.
    if (error instanceof RpcError && error.status === "UNAUTHENTICATED") throw error;
    return undefined;
  }
}

function findSchema({ resources, types }: Contract, verb: Verb, path: string): RequestSchema | undefined {
  const resource = Object.values(resources).find(
    (one) =>
      one.methods[verb] !== undefined && (one.path === path || matchPath(parsePath(one.path), path) !== undefined),
  );
  const schema = resource?.methods[verb]?.request;
  return schema && { schema, types };
}
