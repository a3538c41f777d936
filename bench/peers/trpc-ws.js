// tRPC 11 over WebSocket, without schemas for its inputs.
import { createTRPCClient, createWSClient, wsLink } from "@trpc/client";
import { applyWSSHandler } from "@trpc/server/adapters/ws";
import { WebSocket, WebSocketServer } from "ws";
import { router } from "./shared/trpc-router.js";

export async function serve() {
  const wss = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((resolve) => wss.once("listening", resolve));
  applyWSSHandler({ wss, router });
  return { port: /** @type {import("node:net").AddressInfo} */ (wss.address()).port };
}

export async function connect({ port }, options) {
  const url = `ws://127.0.0.1:${options.port ?? port}`;
  const socket = createWSClient({ url, WebSocket: /** @type {any} */ (WebSocket) });
  const client = /** @type {any} */ (createTRPCClient({ links: [wsLink({ client: socket })] }));
  const call = (name) => (value) => client[name].query(value);
  return { echo: { item: call("item"), list: call("list"), text: call("text") }, close: () => socket.close() };
}
