import {
  type Api,
  type ApiHandlers,
  type Client,
  type ConnectOptions,
  connectApi,
  type Method,
  type RpcError,
  type UnaryMethodOptional,
  type Validator,
} from "sshrpc/generated";
import type { Logger, Peer } from "sshrpc/server";
import { type InMemoryOptions, type InMemoryServer, inMemory, memoryTransport } from "sshrpc/testing";
import { RawPeer } from "../../../support/raw-peer.js";

/** A handler without its types. */
export type AnyHandler = ApiHandlers["handlers"] extends ReadonlyMap<string, infer Handler> ? Handler : never;

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
  const [verb, path] = id.split(" ") as [Method["verb"], string];
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

/** A server in memory with a raw client. */
export interface RawServed {
  readonly server: InMemoryServer;
  readonly peer: RawPeer;
  readonly log: TestLog;
}

/** A server of one method, `GET /it`, and a raw client at the other end of its only connection. */
export async function serveRaw(
  handler: AnyHandler,
  options: InMemoryOptions & { readonly method?: Partial<Method> } = {},
): Promise<RawServed> {
  const { method: more, ...rest } = options;
  const log = new TestLog();
  const it = method("GET /it", more);
  const server = inMemory(handlersOf([it], { [it.id]: handler }), { peer: ALICE, ...rest, log });
  return { server, peer: new RawPeer(await server.open()), log };
}

/** A client of one method, `it.get`. */
export interface ItClient extends Client {
  readonly it: { readonly get: UnaryMethodOptional<unknown, unknown, RpcError> };
}

/** A client, and a raw server that has sent HELLO. */
export async function connectRaw(
  options: ConnectOptions & {
    readonly method?: Partial<Method>;
    /** The limits in the HELLO of the server, and its further fields. */
    readonly remote?: object;
    readonly hello?: object;
  } = {},
): Promise<{ client: ItClient; peer: RawPeer }> {
  const { method: more, remote, hello, ...rest } = options;
  let peer: RawPeer | undefined;
  const transport = transportTo((far) => {
    peer = new RawPeer(far).hello([], remote, hello);
  });
  const client = await connectApi<ItClient>(apiOf(method("GET /it", more)), transport, { reconnect: false, ...rest });
  return { client, peer: peer as RawPeer };
}

/** A transport in memory whose other end is controlled by the test. */
export const transportTo = memoryTransport;
