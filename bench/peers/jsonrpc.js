// vscode-jsonrpc over plain TCP, without checks.
import { connect as connectTcp, createServer } from "node:net";
import { createMessageConnection, SocketMessageReader, SocketMessageWriter } from "vscode-jsonrpc/node";

export async function serve() {
  const server = createServer({ noDelay: true }, (socket) => {
    const connection = over(socket);
    for (const method of ["item", "list", "text"]) connection.onRequest(method, (value) => value);
    connection.listen();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  return { port: /** @type {import("node:net").AddressInfo} */ (server.address()).port };
}

export async function connect({ port }, options) {
  const socket = connectTcp({ host: "127.0.0.1", port: options.port ?? port, noDelay: true });
  const connection = over(socket);
  connection.listen();
  const call = (method) => (value) => connection.sendRequest(method, value);
  return { echo: { item: call("item"), list: call("list"), text: call("text") }, close: () => socket.destroy() };
}

function over(socket) {
  return createMessageConnection(new SocketMessageReader(socket), new SocketMessageWriter(socket));
}
