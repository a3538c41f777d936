// river over WebSocket, which validates requests by their schemas.
import { createServer as createHttpServer } from "node:http";
import { createClient, createServer, Ok, Procedure, ServiceSchema } from "@replit/river";
import { WebSocketClientTransport } from "@replit/river/transport/ws/client";
import { WebSocketServerTransport } from "@replit/river/transport/ws/server";
import { Type } from "@sinclair/typebox";
import { WebSocket, WebSocketServer } from "ws";

const Item = Type.Object({ id: Type.Integer(), text: Type.String(), ok: Type.Boolean() });
const Person = Type.Object({
  ...{ id: Type.Integer(), name: Type.String(), email: Type.String(), score: Type.Number() },
  ...{ active: Type.Boolean(), tags: Type.Array(Type.String()) },
});

const echo = (type) =>
  Procedure.rpc({ input: type, output: type, errors: Type.Never(), handler: async (_ctx, value) => Ok(value) });

const services = {
  echo: ServiceSchema.define({
    item: echo(Item),
    list: echo(Type.Object({ people: Type.Array(Person) })),
    text: echo(Type.Object({ text: Type.String() })),
  }),
};

export async function serve() {
  const http = createHttpServer();
  createServer(new WebSocketServerTransport(new WebSocketServer({ server: http }), "server"), services);
  await new Promise((resolve) => http.listen(0, "127.0.0.1", () => resolve(undefined)));
  return { port: /** @type {import("node:net").AddressInfo} */ (http.address()).port };
}

let clients = 0;

export async function connect({ port }, options) {
  const open = async () => new WebSocket(`ws://127.0.0.1:${options.port ?? port}`);
  const transport = new WebSocketClientTransport(/** @type {any} */ (open), `client-${process.pid}-${clients++}`);
  const client = /** @type {any} */ (createClient(transport, "server"));
  const call = (name) => async (value) => {
    const result = await client.echo[name].rpc(value);
    if (!result.ok) throw new Error(result.payload.message);
    return result.payload;
  };
  return { echo: { item: call("item"), list: call("list"), text: call("text") }, close: () => transport.close() };
}
