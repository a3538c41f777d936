import { createServer, type Socket } from "node:net";
import { ServerAccount } from "../../runtime/src/base/accounts/server-account.js";
import { SILENT } from "../../runtime/src/base/log.js";
import type { Api, Method, Validator } from "../../runtime/src/contract/method.js";
import type { AnyHandler } from "../../runtime/src/server/api-handlers.js";
import { dispatchConfig } from "../../runtime/src/server/api-server-options.js";
import { receiver } from "../../runtime/src/server/receiver.js";
import { Router } from "../../runtime/src/server/router.js";
import { Connection } from "../../runtime/src/wire/connection.js";
import { resolveLimits } from "../../runtime/src/wire/limits.js";

// Serves an echo on loopback, with an account for each of two keys, which have a port each. Its parent asks for its memory.

const MIB = 1024 * 1024;

const any: Validator = () => true;
const common = { params: {}, idempotent: true, request: any, response: any } as const;
const it: Method = { ...common, id: "GET /it", resource: "it", verb: "GET", path: "/it", kind: "unary" };
const echo: Method = {
  ...common,
  id: "UPDATE /echo",
  resource: "echo",
  verb: "UPDATE",
  path: "/echo",
  kind: "bidirectional",
  requestItem: any,
  responseItem: any,
};
const api: Api = { name: "echo", version: "1.0.0", hash: "00", methods: [it, echo] };
const handlers = new Map<string, AnyHandler>([
  [it.id, (request) => request],
  [
    echo.id,
    async function* (_: unknown, items: AsyncIterable<unknown>) {
      yield* items;
    } as unknown as AnyHandler,
  ],
]);

const limits = resolveLimits();
const dispatch = dispatchConfig({ log: SILENT }, limits);
const accounts = new ServerAccount({ server: { bytes: 96 * MIB }, key: { bytes: 64 * MIB }, connection: {} });
const router = new Router({ api, handlers });

function accept(socket: Socket, key: string): void {
  socket.setNoDelay();
  const connection: Connection = new Connection(socket, {
    role: "acceptor",
    hello: { agent: "test", methods: [] },
    limits,
    account: accounts.key(key).connection(),
    peerName: "the client",
    receive: receiver({
      router,
      dispatch,
      peer: { user: key, scopes: ["*"] },
      connection: () => connection,
      callbacks: () => undefined,
      clients: () => [],
    }),
  });
}

/** Listens for connections of a key. Returns the port. */
async function listen(key: string): Promise<number> {
  const server = createServer((socket) => accept(socket, key));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as { readonly port: number }).port;
}

process.on("message", () => {
  (globalThis as { readonly gc?: () => void }).gc?.();
  process.send?.({ rss: process.memoryUsage().rss, held: accounts.held("bytes") });
});
process.on("disconnect", () => process.exit());
process.send?.({ ports: [await listen("hostile"), await listen("honest")] });
