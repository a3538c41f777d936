import type { ConnectionAccount } from "../../base/accounts/connection-account.js";
import { turnOf } from "../../base/accounts/turns.js";
import { onAbort } from "../../base/async/with-signal.js";
import type { Peer } from "../../base/peer.js";
import type { EncodedJson } from "../../codec/encoded-json.js";
import { issuesOf } from "../../codec/issues.js";
import type { Method } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { ApiServer } from "../../server/api-server.js";
import { withParams } from "../../server/call/admit.js";
import type { Route } from "../../server/call/route.js";
import type { Catalog } from "../catalog/catalog.js";
import { nearestPath } from "../catalog/nearest-path.js";
import { chargedInput } from "../session-io/charged-input.js";
import { closingError } from "../session-io/closing-input.js";
import type { CommandStreams } from "../session-io/command-streams.js";
import { readInputItems, readInputJson } from "../session-io/input-json.js";
import { requestOfFields } from "./field-values.js";
import type { CallCommand } from "./parse-command.js";

/** The caller of commands, and the server that they call. */
export interface CallConfig {
  readonly server: ApiServer;
  readonly catalog: Catalog;
  readonly peer: Peer;
  /** The environment of the session: `RPC_*` becomes metadata. */
  readonly environment: ReadonlyMap<string, string>;
  /** Milliseconds within which a request must arrive that is read from standard input. */
  readonly inputTimeout: number;
}

/** The streams of one call. */
interface CallStreams extends Pick<CommandStreams, "input" | "signal" | "lost" | "ask"> {
  /** Takes an item of the response stream. The next one is requested when the promise resolves. */
  readonly item: (item: EncodedJson | Uint8Array, position: string | undefined) => Promise<void> | undefined;
}

/** The outcome of a call that succeeded. */
interface CallResult {
  readonly method: Method;
  /** Undefined where a stream ends without one. */
  readonly response: EncodedJson | undefined;
}

/**
 * Calls the method of a command line. Standard input is read where the method takes a stream, where the command contains
 * `-`, and where the method requires a request and the command has none; an empty input is an empty request.
 * @throws RpcError the status of the call
 */
export async function runCall(command: CallCommand, config: CallConfig, streams: CallStreams): Promise<CallResult> {
  const { input, signal } = streams;
  const close = (): void => void input?.return?.();
  const removeAbort = onAbort(signal, close);
  try {
    return await call(command, config, streams);
  } finally {
    removeAbort();
    // Input that arrives later is not for this call.
    close();
  }
}

async function call(command: CallCommand, config: CallConfig, streams: CallStreams): Promise<CallResult> {
  const { server, peer, environment } = config;
  const { input, signal, lost, ask } = streams;
  const { timeout, idempotencyKey } = command;
  const start = performance.now();
  const route = resolve(command, config);
  const { method } = route;
  if (command.positions) checkHasPositions(method);
  const request = await readRequest(command, route, config, streams);
  if (method.requestItem === undefined) await input?.return?.();
  else ask?.(`${method.requestItem === "bytes" ? "raw bytes" : "one JSON value per line"}; end with Ctrl-D\n`);
  const running = server.call(route, request, {
    peer,
    metadata: metadataFrom(environment),
    idempotencyKey,
    ...{ signal, lost },
    timeout: timeout && Math.max(1, timeout - (performance.now() - start)),
    items: requestItems(method, streams, config),
    resumeAfter: command.after,
  });
  const { items, response } = running;
  if (method.responseItem === undefined) return { method, response: await response };
  const turn = turnOf(peer);
  for await (const item of items) {
    const taken = streams.item(item, running.position);
    if (taken !== undefined) await taken;
    const passed = turn?.pass();
    if (passed !== undefined) await passed;
  }
  return { method, response: await response };
}

/** @throws RpcError BAD_REQUEST where the output cannot have positions */
function checkHasPositions({ responseItem }: Method): void {
  if (responseItem === undefined) throw new RpcError("BAD_REQUEST", "--positions: the method has no response stream");
  if (responseItem !== "bytes") return;
  throw new RpcError("BAD_REQUEST", "--positions: the method streams raw bytes, which are printed without positions");
}

function resolve({ verb, path }: CallCommand, { server, peer, catalog }: CallConfig): Route {
  try {
    return server.resolve(`${verb} ${path}`, peer);
  } catch (error) {
    if (!(error instanceof RpcError) || error.status !== "NOT_FOUND") throw error;
    const near = nearestPath(path, catalog.pathsNear(path));
    if (near === undefined) throw error;
    throw new RpcError("NOT_FOUND", `${error.message}; did you mean ${near}?`, { cause: error });
  }
}

/** The prefix of environment variables that become metadata. */
const PREFIX = "RPC_";

/** The metadata of an environment: `RPC_TRACEPARENT` is `traceparent`, `RPC_REQUEST_ID` is `request-id`. */
function metadataFrom(environment: ReadonlyMap<string, string>): Readonly<Record<string, string>> | undefined {
  const entries = [...environment].flatMap(([name, value]) =>
    name.startsWith(PREFIX) && name.length > PREFIX.length
      ? [[name.slice(PREFIX.length).toLowerCase().replaceAll("_", "-"), value] as const]
      : [],
  );
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

async function readRequest(
  { request, timeout = Number.POSITIVE_INFINITY }: CallCommand,
  { method, params }: Route,
  config: CallConfig,
  streams: CallStreams,
): Promise<unknown> {
  const takesStream = method.requestItem !== undefined;
  // The timeout of the call includes the wait for its request.
  const { server, peer, inputTimeout } = config;
  const account = server.accounts.of(peer);
  const { closing } = server.sessions;
  const read = { ...streams, account, closing, timeout: Math.min(inputTimeout, timeout), limit: server.limits.message };
  switch (request.from) {
    case "json":
      return request.json;
    case "fields":
      return requestOfFields(request.fields, await config.catalog.requestSchema(method));
    case "input":
      if (!takesStream) return readInput(read);
      throw new RpcError("BAD_REQUEST", "standard input carries the request stream; give the request as fields");
    case "default":
      if (takesStream || method.request(withParams({}, params)) || hasInvalidParam(method, params)) return {};
      return (await readInput(read, "optional")) ?? {};
  }
}

/** Whether the request that was validated last has an invalid path parameter: then no input can make it valid. */
function hasInvalidParam({ request }: Method, params: Readonly<Record<string, unknown>> = {}): boolean {
  return issuesOf(request).some(({ path }) => Object.hasOwn(params, path.slice(1)));
}

interface InputRead extends CallStreams {
  /** Holds the input until it is complete. */
  readonly account: ConnectionAccount;
  /** Ends the wait: the server shuts down, and would refuse the call. */
  readonly closing: AbortSignal;
  /** Milliseconds until the input must end. */
  readonly timeout: number;
  /** Bytes of the input. */
  readonly limit: number;
}

/** @throws RpcError BAD_REQUEST where standard input carries the commands */
function inputOf({ input }: CallStreams): AsyncIterableIterator<Buffer> {
  if (input !== undefined) return input;
  throw new RpcError(
    "BAD_REQUEST",
    "standard input carries the commands; give the request as JSON or fields, or run this call with `ssh host COMMAND`",
  );
}

/** Reads the request from standard input; undefined where that is empty and the request optional. */
async function readInput(
  read: InputRead,
  presence: "required" | "optional" = "required",
): Promise<EncodedJson | undefined> {
  const { signal, ask, account, closing, timeout, limit } = read;
  const input = inputOf(read);
  ask?.("the request, as JSON; end with Ctrl-D\n");
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    void input.return?.();
  }, timeout);
  const removeClosing = onAbort(closing, () => void input.return?.());
  // An input that was closed looks like one that ended: a part of it may be valid JSON.
  const stopped = (): RpcError | undefined => {
    if (signal.aborted) return new RpcError("CANCELLED", "the command was stopped before its request arrived");
    if (closing.aborted) return closingError("the command was not run, because its request had not arrived");
    if (!isLate) return undefined;
    return new RpcError("DEADLINE_EXCEEDED", `no request on standard input within ${timeout} ms`);
  };
  try {
    const request = await readInputJson(chargedInput(input, account, "end"), limit, presence);
    const reason = stopped();
    if (reason !== undefined) throw reason;
    return request;
  } catch (error) {
    throw stopped() ?? error;
  } finally {
    clearTimeout(timer);
    removeClosing();
  }
}

function requestItems(
  { requestItem }: Method,
  streams: CallStreams,
  { server: { accounts, limits }, peer }: CallConfig,
): AsyncIterable<unknown> | undefined {
  if (requestItem === undefined) return undefined;
  const input = inputOf(streams);
  if (requestItem === "bytes") return input;
  return readInputItems(chargedInput(input, accounts.of(peer), "line"), limits.message, { turn: turnOf(peer) });
}
