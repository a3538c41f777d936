import type { Peer } from "../../base/peer.js";
import type { Items } from "../../client/call/method-types.js";
import { issuesOf } from "../../codec/issues.js";
import type { Method } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { ApiServer } from "../../server/api-server.js";
import { withParams } from "../../server/call/with-params.js";
import { Catalog, contractOf } from "../catalog/catalog.js";
import { nearestPath } from "../catalog/nearest-path.js";
import { LocalClient } from "../local-client.js";
import type { CommandStreams } from "../session-io/command-streams.js";
import { readInputItems, readInputJson } from "../session-io/input-json.js";
import { callMetadata } from "./call-metadata.js";
import { requestOfFields } from "./field-values.js";
import type { CallCommand } from "./parse-command.js";

/** Whose calls these are, and where they go. */
export interface CallConfig {
  readonly server: ApiServer;
  readonly peer: Peer;
  /** `RPC_*`: see {@link callMetadata}. */
  readonly environment: ReadonlyMap<string, string>;
  /** Milliseconds in which a request must have come that is read from standard input. */
  readonly inputTimeout: number;
}

/** What a call reads, and where its items go. */
export interface CallStreams {
  readonly input: AsyncIterableIterator<Buffer>;
  /** Cancels the call. */
  readonly signal: AbortSignal;
  /** Tells the person at a terminal what is waited for; absent where a program may be there. */
  readonly ask?: CommandStreams["ask"];
  /** Takes an item of the response stream: JSON, or raw bytes. The next one is asked for when its promise resolves. */
  readonly item: (item: unknown, isBytes: boolean) => Promise<void> | undefined;
}

/** What a call came to. */
export interface CallResult {
  readonly method: Method;
  /** Undefined where a stream ends without one. */
  readonly response: unknown;
}

/**
 * Makes the call that a command line asks for. Standard input is read where the method takes a stream, where the command
 * says `-`, and where nothing else gives the request and the method cannot do without; where it is empty then, the request
 * is.
 * @throws RpcError whatever its status is
 */
export async function runCall(command: CallCommand, config: CallConfig, streams: CallStreams): Promise<CallResult> {
  const { input, signal } = streams;
  const leave = (): void => void input.return?.();
  signal.addEventListener("abort", leave, { once: true });
  try {
    return await begin(command, config, streams);
  } finally {
    signal.removeEventListener("abort", leave);
    // What comes later on standard input is not for this call.
    leave();
  }
}

async function begin(command: CallCommand, config: CallConfig, streams: CallStreams): Promise<CallResult> {
  const { server, peer, environment } = config;
  const { input, signal, item: take, ask } = streams;
  const { verb, path, timeout } = command;
  const start = performance.now();
  const reference = `${verb} ${path}`;
  const { method, params } = resolve(reference, path, config);
  const request = await readRequest(command, method, params, config, streams);
  if (method.requestItem === undefined) await input.return?.();
  else ask?.(`${method.requestItem === "bytes" ? "raw bytes" : "a JSON value a line"}; Ctrl-D ends them\n`);
  const client = await LocalClient.open(server, peer, [reference]);
  try {
    const metadata = callMetadata(environment);
    const { items, response } = client.call(reference, request, itemsOf(method, input, server), {
      signal,
      ...(timeout !== undefined && { timeout: Math.max(1, timeout - (performance.now() - start)) }),
      ...(metadata !== undefined && { metadata }),
    });
    const isBytes = method.responseItem === "bytes";
    for await (const item of items) {
      const taken = take(item, isBytes);
      if (taken !== undefined) await taken;
    }
    return { method, response: await response };
  } finally {
    // Nobody has to wait until it is closed: the call has ended.
    void client.close();
  }
}

function resolve(reference: string, path: string, { server, peer }: CallConfig): ReturnType<ApiServer["resolve"]> {
  try {
    return server.resolve(reference, peer);
  } catch (error) {
    if (!(error instanceof RpcError) || error.status !== "NOT_FOUND") throw error;
    const near = nearestPath(path, new Catalog(server.api, peer).paths);
    if (near === undefined) throw error;
    throw new RpcError("NOT_FOUND", `${error.message}; did you mean ${near}?`, { cause: error });
  }
}

async function readRequest(
  { request, timeout = Number.POSITIVE_INFINITY }: CallCommand,
  method: Method,
  params: Readonly<Record<string, unknown>> | undefined,
  config: CallConfig,
  streams: CallStreams,
): Promise<unknown> {
  const takesStream = method.requestItem !== undefined;
  // The call's own time runs from the command on.
  const patience = { ...config, inputTimeout: Math.min(config.inputTimeout, timeout) };
  switch (request.from) {
    case "json":
      return request.value;
    case "fields": {
      const contract = await new Catalog(config.server.api, config.peer).contract();
      return requestOfFields(request.fields, contractOf(method, contract)?.request, contract?.types ?? {});
    }
    case "input":
      if (!takesStream) return readInput(patience, streams);
      throw new RpcError("BAD_REQUEST", "standard input carries the request stream: give the request as fields");
    case "nowhere":
      if (takesStream || method.request(withParams({}, params)) || isPathAtFault(method, params)) return {};
      return readInput(patience, streams, {});
  }
}

/** Whether what the path says was refused just now: no request could mend that, so none is waited for. */
function isPathAtFault({ request }: Method, params: Readonly<Record<string, unknown>> = {}): boolean {
  return issuesOf(request).some(({ path }) => Object.hasOwn(params, path.slice(1)));
}

/**
 * The request on standard input, which has to be there within a time.
 * @param missing in place of an input that is empty: the server then says what it has to have
 */
async function readInput(
  { server, inputTimeout }: CallConfig,
  { input, signal, ask }: CallStreams,
  missing?: object,
): Promise<unknown> {
  ask?.("the request, as JSON; Ctrl-D ends it\n");
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void input.return?.();
  }, inputTimeout);
  // An input that was left looks as one that has ended: what came of it may be JSON or not, and counts for nothing.
  const stopped = (): RpcError | undefined => {
    if (signal.aborted) return new RpcError("CANCELLED", "it was stopped before it had its request");
    if (!late) return undefined;
    return new RpcError("DEADLINE_EXCEEDED", `no request came on standard input within ${inputTimeout} ms`);
  };
  try {
    const request = await readInputJson(input, server.limits.message, missing);
    const reason = stopped();
    if (reason !== undefined) throw reason;
    return request;
  } catch (error) {
    throw stopped() ?? error;
  } finally {
    clearTimeout(timer);
  }
}

function itemsOf(
  { requestItem }: Method,
  input: AsyncIterableIterator<Buffer>,
  { limits }: ApiServer,
): Items<unknown> | undefined {
  if (requestItem === undefined) return undefined;
  return requestItem === "bytes" ? input : readInputItems(input, limits.message);
}
