import type { Transport } from "sshrpc/client";
import { type Api, type Client, type ConnectOptions, connectApi, type UnaryMethodOptional } from "sshrpc/generated";
import type { RpcError } from "sshrpc/server";
import { onTestFinished } from "vitest";
import type {
  Health,
  KickConnectionRequest,
  Kicked,
  KickRequest,
} from "../../../../runtime/src/contract/built-in/operations.js";
import type { ServerStatus, StatusRequest } from "../../../../runtime/src/contract/built-in/server-status.js";
import { method } from "./server.js";

type Call<Request, Response> = UnaryMethodOptional<Request, Response, RpcError>;

/** A client of the built-in methods for operators. */
export interface Operator extends Client {
  readonly health: { readonly get: Call<object, Health> };
  readonly status: { readonly get: Call<StatusRequest, ServerStatus> };
  readonly connections: { readonly delete: Call<KickRequest, Kicked> };
  readonly connection: { readonly delete: Call<KickConnectionRequest, Kicked> };
}

const API: Api = {
  ...{ name: "", version: "", hash: "" },
  methods: [
    method("GET /sshrpc/health", { resource: "health" }),
    method("GET /sshrpc/status", { resource: "status" }),
    method("DELETE /sshrpc/connections", { resource: "connections", idempotent: false }),
    method("DELETE /sshrpc/connections/{id}", { resource: "connection", params: { id: "string" } }),
  ],
};

/** Connects an operator, until the end of the test. */
export async function connectOperator(target: string | Transport, options: ConnectOptions = {}): Promise<Operator> {
  const client = await connectApi<Operator>(API, target, { retries: 0, ...options });
  onTestFinished(() => client.close());
  return client;
}
