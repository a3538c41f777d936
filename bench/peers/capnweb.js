// capnweb over WebSocket, without checks.
import { newWebSocketRpcSession, RpcTarget } from "capnweb";
import { WebSocket, WebSocketServer } from "ws";

// capnweb uses the global one, which Node has since version 22.
globalThis.WebSocket ??= /** @type {any} */ (WebSocket);

class Echo extends RpcTarget {
  item(value) {
    return value;
  }
  list(value) {
    return value;
  }
  text(value) {
    return value;
  }
}

export async function serve() {
  const wss = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((resolve) => wss.once("listening", resolve));
  wss.on("connection", (socket) => newWebSocketRpcSession(/** @type {any} */ (socket), new Echo()));
  return { port: /** @type {import("node:net").AddressInfo} */ (wss.address()).port };
}

export async function connect({ port }, options) {
  const socket = new WebSocket(`ws://127.0.0.1:${options.port ?? port}`);
  const stub = /** @type {any} */ (newWebSocketRpcSession(/** @type {any} */ (socket)));
  const call = (name) => (value) => stub[name](value);
  return { echo: { item: call("item"), list: call("list"), text: call("text") }, close: () => socket.close() };
}
