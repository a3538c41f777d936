import type { Duplex } from "node:stream";
import type { Client, ConnectOptions, Transport, UnaryMethodOptional } from "sshrpc/client";
import {
  type ClientStreamingMethod,
  connectApi,
  type Method,
  type RpcError,
  type ServerStreamingMethodOptional,
} from "sshrpc/generated";
import type { Context } from "sshrpc/server";
import { type InMemoryOptions, type InMemoryServer, inMemory } from "sshrpc/testing";
import { onTestFinished } from "vitest";
import { type AnyHandler, any, apiOf, handlersOf, method } from "../../support/server.js";

const down = { kind: "server-streaming", responseItem: any } as const;

/** Methods with a stream of numbers, or of bytes, and an order, which is not idempotent. */
export const METHODS = [
  method("GET /numbers", { resource: "numbers", ...down }),
  method("STORE /numbers", { resource: "numbers", ...down, idempotent: false }),
  method("GET /bytes", { resource: "bytes", kind: "server-streaming", responseItem: "bytes" }),
  method("STORE /orders", { resource: "orders", idempotent: false }),
  method("STORE /upload", { resource: "upload", kind: "client-streaming", idempotent: false, requestItem: "bytes" }),
  method("STORE /items", { resource: "items", kind: "client-streaming", idempotent: false, requestItem: any }),
  method("UPDATE /items", { resource: "items", kind: "client-streaming", requestItem: any }),
] as const satisfies readonly Method[];

/** The generated client of {@link METHODS}. */
export interface Numbers extends Client {
  readonly numbers: {
    readonly get: ServerStreamingMethodOptional<unknown, unknown, unknown, RpcError>;
    readonly store: ServerStreamingMethodOptional<unknown, unknown, unknown, RpcError>;
  };
  readonly bytes: { readonly get: ServerStreamingMethodOptional<unknown, Uint8Array, unknown, RpcError> };
  readonly orders: { readonly store: UnaryMethodOptional<unknown, unknown, RpcError> };
  readonly items: {
    readonly store: ClientStreamingMethod<unknown, unknown, unknown, RpcError>;
    readonly update: ClientStreamingMethod<unknown, unknown, unknown, RpcError>;
  };
  readonly upload: { readonly store: ClientStreamingMethod<unknown, Uint8Array, unknown, RpcError> };
}

/** A transport whose connections a test cuts. */
export class Line implements Transport {
  readonly address = "memory";
  /** Where the next connection goes to. */
  target: Transport;
  /** How many were opened. */
  opened = 0;
  #last: Duplex | undefined;

  constructor(target: Transport) {
    this.target = target;
  }

  async open(signal: AbortSignal): Promise<Duplex> {
    this.#last = await this.target.open(signal);
    this.opened += 1;
    return this.#last;
  }

  /** The connection is lost. */
  cut(): void {
    this.#last?.destroy();
  }
}

/** A server with these handlers; methods without one throw. */
export function serve(
  handlers: Partial<Record<(typeof METHODS)[number]["id"], unknown>>,
  options: InMemoryOptions = {},
) {
  const missing = (): never => {
    throw new Error("not part of the test");
  };
  const all = Object.fromEntries(METHODS.map(({ id }) => [id, (handlers as Record<string, unknown>)[id] ?? missing]));
  const server: InMemoryServer = inMemory(handlersOf(METHODS, all as Record<string, AnyHandler>), options);
  onTestFinished(() => server.close());
  return server;
}

/** A client of a server, and the line between them. */
export async function connectTo(server: Transport, options: ConnectOptions = {}) {
  const line = new Line(server);
  const client = await connectApi<Numbers>(apiOf(...METHODS), line, {
    reconnect: { minDelay: 1, maxDelay: 1 },
    ...options,
  });
  onTestFinished(() => client.close());
  return { client, line };
}

/** Whether numbers up to `last` begin anew, or behind the position that the caller has. */
export function firstOf(ctx: Context, last: number): number {
  const after = Number(ctx.resumeAfter ?? 0);
  if (!Number.isInteger(after) || after > last) ctx.fail("PRECONDITION_FAILED", undefined, "no such position");
  return after + 1;
}
