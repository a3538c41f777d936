import type { Duplex } from "node:stream";
import type { Logger } from "../../../../runtime/src/base/log.js";
import { duplexPair } from "../../../../runtime/src/base/memory-transport.js";
import type { Peer } from "../../../../runtime/src/base/peer.js";
import type { Transport } from "../../../../runtime/src/base/transport.js";
import type { UnaryMethodOptional } from "../../../../runtime/src/client/call/method-types.js";
import type { Client, ClientOptions } from "../../../../runtime/src/client/client.js";
import { openClient } from "../../../../runtime/src/client/client.js";
import type { Api, Method, Validator } from "../../../../runtime/src/contract/method.js";
import type { RpcError } from "../../../../runtime/src/contract/rpc-error.js";
import type { Verb } from "../../../../runtime/src/contract/verb.js";
import type { AnyHandler, ApiHandlers } from "../../../../runtime/src/server/api-handlers.js";
import { ApiServer } from "../../../../runtime/src/server/api-server.js";
import type { ApiServerOptions } from "../../../../runtime/src/server/api-server-options.js";
import { RawPeer } from "./raw-peer.js";

/** Accepts everything. */
export const any: Validator = () => true;

/** Rejects values that `accepts` rejects. */
export function only(accepts: (value: unknown) => boolean): Validator {
  const validator: Validator = (value) => {
    const good = accepts(value);
    validator.errors = good ? null : [{ instancePath: "/x", keyword: "test", message: "must fit", params: {} }];
    return good;
  };
  return validator;
}

/** A method with this id, of the resource `it`, that accepts and returns anything. */
export function method(id: string, more: Partial<Method> = {}): Method {
  const [verb, path] = id.split(" ") as [Verb, string];
  const common = { kind: "unary", params: {}, idempotent: true, request: any, response: any } as const;
  return { id, resource: "it", verb, path, ...common, ...more };
}

export function apiOf(...methods: readonly Method[]): Api {
  return { name: "test", version: "1.0.0", hash: "00", methods };
}

/** Handlers of an API, by method id. */
export function handlersOf(methods: readonly Method[], handlers: Readonly<Record<string, AnyHandler>>): ApiHandlers {
  return { api: apiOf(...methods), handlers: new Map(Object.entries(handlers)) };
}

/** A logger that records its lines. */
export class TestLog implements Logger {
  readonly lines: { level: string; fields: Record<string, unknown>; message: string | undefined }[] = [];
  readonly debug = this.#at("debug");
  readonly info = this.#at("info");
  readonly warn = this.#at("warn");
  readonly error = this.#at("error");

  #at(level: string) {
    return (fields: object, message?: string): void => {
      this.lines.push({ level, fields: { ...fields }, message });
    };
  }
}

/** The default caller in tests. */
export const ALICE: Peer = { user: "alice", scopes: ["*"] };

/** A server of one method, `GET /it`, and a raw client at the other end of its only connection. */
export function serveRaw(
  handler: AnyHandler,
  options: ApiServerOptions & { readonly peer?: Peer; readonly method?: Partial<Method> } = {},
): { server: ApiServer; peer: RawPeer; log: TestLog } {
  const log = new TestLog();
  const it = method("GET /it", options.method);
  const server = new ApiServer(handlersOf([it], { [it.id]: handler }), { ...options, log });
  const [near, far] = duplexPair();
  server.accept(far, options.peer ?? ALICE);
  return { server, peer: new RawPeer(near), log };
}

/** A client of one method, `it.get`. */
export interface ItClient extends Client {
  readonly it: { readonly get: UnaryMethodOptional<unknown, unknown, RpcError> };
}

/** A client, and a raw server that has sent HELLO. */
export async function connectRaw(
  options: ClientOptions & { readonly method?: Partial<Method>; readonly remote?: object } = {},
): Promise<{ client: ItClient; peer: RawPeer }> {
  const { method: more, remote, ...rest } = options;
  let peer: RawPeer | undefined;
  const transport = transportTo((far) => {
    peer = new RawPeer(far).hello([], remote);
  });
  const client = await openClient<ItClient>(apiOf(method("GET /it", more)), transport, { reconnect: false, ...rest });
  return { client, peer: peer as RawPeer };
}

/** A transport in memory whose other end is controlled by the test. */
export function transportTo(accept: (duplex: Duplex) => void): Transport {
  return {
    address: "memory",
    open: async () => {
      const [near, far] = duplexPair();
      accept(far);
      return near;
    },
  };
}
