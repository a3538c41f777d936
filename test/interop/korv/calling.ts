import { readFileSync } from "node:fs";
import type { Client, ConnectOptions, UnaryMethodOptional } from "sshrpc/client";
import type { Method, ServerStreamingMethod } from "sshrpc/generated";
import { connectApi } from "sshrpc/generated";
import { takeKey } from "../../fixtures/keys.js";
import { tempDir, write } from "../../unit/runtime/ssh/support.js";
import { any, apiOf, method, only } from "../../unit/runtime/support/server.js";
import { Peer } from "./peers.js";

type Call = UnaryMethodOptional<object, unknown, unknown>;
type Resource = { readonly get: Call; readonly store: Call; readonly update: Call; readonly delete: Call };

export interface KorvClient extends Client {
  readonly hello: Resource;
  readonly echo: Resource;
  readonly part: Resource;
  readonly notes: Resource;
  readonly large: Resource;
  readonly bomb: Resource;
  readonly nan: Resource;
  readonly conflict: Resource;
  readonly nowhere: Resource;
  readonly it: Resource;
  readonly stream: { readonly get: ServerStreamingMethod<object, unknown, unknown, unknown> };
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const closed = only((value) => isRecord(value) && !("typo" in value));
export const greeting = only((value) => isRecord(value) && typeof value["msg"] === "string");

export function resource(name: string, id: string, more: Partial<Method> = {}): Method {
  return method(id, { resource: name, ...more });
}

/** A contract of the resources of the server in Python. */
export const API = apiOf(
  resource("hello", "GET /hello", { request: closed, response: greeting }),
  ...["GET", "STORE", "UPDATE", "DELETE"].map((verb) => resource("echo", `${verb} /echo`)),
  resource("part", "GET /echo/{id}", { params: { id: "string" } }),
  ...["STORE", "UPDATE", "DELETE"].map((verb) => resource("notes", `${verb} /notes`)),
  resource("large", "GET /large"),
  resource("bomb", "GET /bomb"),
  resource("nan", "GET /nan"),
  resource("stream", "GET /stream", { kind: "server-streaming", responseItem: any }),
  resource("conflict", "GET /conflict"),
  resource("nowhere", "GET /nowhere"),
  resource("it", "GET /it"),
);

/** A korv server in Python, and typed clients of it. @param flags its packet size, and the seconds between its rekeys */
export async function startServer(...flags: readonly number[]) {
  const directory = tempDir();
  const [host, alice] = [takeKey("ed25519", "host"), takeKey("ed25519", "alice")];
  const server = new Peer("server.py", [host, `${alice}.pub`, ...flags]);
  const { port } = (await server.event("listening")) as unknown as { port: number };
  const hostKey = readFileSync(`${host}.pub`, "utf8").trim();
  const knownHosts = write(directory, "known_hosts", `[127.0.0.1]:${port} ${hostKey}\n`);
  const address = `ssh://anybody@127.0.0.1:${port}`;
  const connect = async (api = API, options: ConnectOptions<object> = {}) =>
    connectApi<KorvClient>(api, address, {
      protocol: "korv",
      identity: alice,
      knownHosts,
      timeout: 10_000,
      ...options,
    });
  const requests = () => server.all("request").map(({ request }) => request);
  return { server, connect, requests, port, directory };
}
