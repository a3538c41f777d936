import { rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { errorMessage } from "../../base/error-message.js";
import type { Logger } from "../../base/log.js";
import { AGENT } from "../../base/version.js";
import { bindMethods } from "../../client/call/bind-methods.js";
import { CallCharge } from "../../client/call/call-charge.js";
import type { CallOptions } from "../../client/call/call-options.js";
import type { ClientInterceptor } from "../../client/call/interceptor.js";
import { OneConnection } from "../../client/connection/one-connection.js";
import type { Api, Method } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { AnyHandler, ApiHandlers } from "../../server/api-handlers.js";
import type { ApiServer } from "../../server/api-server.js";
import type { Context } from "../../server/call/context.js";
import type { ClientFor } from "../../server/connected-clients.js";
import { Connection } from "../../wire/connection.js";
import { type Limits, resolveLimits, UNARY_TIMEOUT } from "../../wire/limits.js";

// A handler may call the callbacks of a client that is connected to another process of the server. The processes are connected by Unix
// sockets, with the native wire: each serves the callbacks of its own clients to the others. A header says which client is meant.

const HEADER = "sshrpc-client";

/** One connection between processes has the calls of all clients. */
const LIMITS = resolveLimits({ calls: 65_536, serverCalls: 262_144 });

/** Calls what one client serves. */
type AnyClient = Readonly<Record<string, Readonly<Record<string, (...args: unknown[]) => unknown>>>>;

/** Creates a server of an API in this process. */
export type NewServer = (
  handlers: ApiHandlers<unknown>,
  options: { readonly log: Logger; readonly limits: Limits },
) => Pick<ApiServer, "accept">;

interface ForwardConfig {
  readonly newServer: NewServer;
  readonly api: Api;
  readonly path: string;
  readonly log: Logger;
  /** The callbacks of an own client. */
  readonly clientOf: (id: number) => unknown;
}

/** Serves the callbacks of the clients of this process to the others. @returns the function that ends it */
export async function serveForwarded({ api, path, log, clientOf, newServer }: ForwardConfig): Promise<() => void> {
  const methods = api.callbacks ?? [];
  const handlers = new Map(methods.map((method) => [method.id, forward(method, clientOf)]));
  const server = newServer({ api: forwardedApi(api), handlers }, { log, limits: LIMITS });
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // Who can connect is in the directory of the processes, which is their user's.
    server.accept(socket, { user: "process", scopes: ["*"] });
  });
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    listener.once("error", reject).listen(path, () => resolve());
  });
  listener.on("error", (error) => log.debug({ err: error }, "the socket between processes failed"));
  return () => {
    listener.close();
    for (const socket of sockets) socket.destroy();
  };
}

function forwardedApi({ name, version, callbacks = [] }: Api): Api {
  return { name, version, hash: "", methods: callbacks };
}

function forward({ resource, verb, id }: Method, clientOf: ForwardConfig["clientOf"]): AnyHandler {
  return (...args: unknown[]) => {
    const ctx = args.at(-1) as Context;
    const { [HEADER]: number = ["0"], ...metadata } = Object.fromEntries(ctx.metadata);
    const client = clientOf(Number(number[0])) as AnyClient | undefined;
    const call = client?.[resource]?.[verb.toLowerCase()];
    if (call === undefined) throw new RpcError("UNAVAILABLE", "the client has disconnected", { method: id });
    return call(...args.slice(0, -1), {
      parent: ctx,
      metadata,
      onHeaders: (headers) => {
        for (const [name, values] of headers) for (const value of values) ctx.setHeader(name, value);
      },
      onTrailers: (trailers) => {
        for (const [name, values] of trailers) for (const value of values) ctx.setTrailer(name, value);
      },
    } satisfies CallOptions);
  };
}

/** The callbacks of the clients of another process. */
export interface ForwardedCallbacks {
  /** Those of one client. */
  of(client: number): ClientFor;
  close(): void;
}

/** Connects to another process. @throws Error if it does not serve, or has ended */
export async function connectForwarded(api: Api, path: string): Promise<ForwardedCallbacks> {
  const methods = api.callbacks ?? [];
  const socket = connect({ path });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve).once("error", reject);
  });
  socket.on("error", () => undefined);
  const connection = new Connection(socket, {
    role: "dialer",
    hello: { agent: AGENT, items: "json", methods: methods.map(({ id }) => id) },
    limits: LIMITS,
    peerName: "another process of the server",
  });
  await connection.ready.catch((error: unknown) => {
    throw new Error(`the socket between processes failed: ${errorMessage(error)}`, { cause: error });
  });
  const connections = new OneConnection(connection);
  const of = (client: number): ClientFor => {
    const name: ClientInterceptor = (call, next) =>
      next({ ...call, options: { ...call.options, metadata: { ...call.options.metadata, [HEADER]: String(client) } } });
    return (account) =>
      bindMethods(methods, {
        ...{ connections, timeout: UNARY_TIMEOUT, limits: LIMITS, interceptors: [name] },
        charge: account && new CallCharge(account),
      });
  };
  return { of, close: () => void connection.close("the process ends") };
}
