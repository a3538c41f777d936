import { anySignal } from "../base/async/any-signal.js";
import { CONNECT_TIMEOUT } from "../client/call-path.js";
import type { Contract, JsonSchema, MethodContract } from "../contract/contract.js";
import { matchPath, parsePath } from "../contract/path.js";
import { RpcError } from "../contract/rpc-error.js";
import type { Verb } from "../contract/verb.js";
import type { CallServer } from "./shared/call-server.js";

/** A call whose method is to be found. */
interface MethodCall {
  readonly server: CallServer;
  readonly verb: Verb;
  readonly path: string;
  /** Milliseconds until the contract must have arrived. */
  readonly timeout?: number;
  readonly signal: AbortSignal;
}

/** A method as its server describes it. */
export interface DescribedMethod {
  readonly method: MethodContract;
  readonly types: Readonly<Record<string, JsonSchema>>;
}

/**
 * Asks the server for a method, by the command `describe`. Undefined where the server has no such method for this caller, or no commands: the
 * call itself then reports why it fails.
 * @throws RpcError UNAUTHENTICATED
 */
export async function describeMethod({
  server,
  verb,
  path,
  timeout,
  signal,
}: MethodCall): Promise<DescribedMethod | undefined> {
  try {
    const late = AbortSignal.timeout(timeout ?? CONNECT_TIMEOUT);
    const text = await server.run("describe", anySignal([signal, late]));
    return text === undefined ? undefined : findMethod(JSON.parse(text) as Contract, verb, path);
  } catch (error) {
    // A second attempt would prompt again, and the server may count it.
    if (error instanceof RpcError && error.status === "UNAUTHENTICATED") throw error;
    return undefined;
  }
}

function findMethod({ resources, types }: Contract, verb: Verb, path: string): DescribedMethod | undefined {
  const resource = Object.values(resources).find(
    (one) =>
      one.methods[verb] !== undefined && (one.path === path || matchPath(parsePath(one.path), path) !== undefined),
  );
  const method = resource?.methods[verb];
  return method && { method, types };
}
