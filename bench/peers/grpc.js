// grpc-js over TLS, with messages of protobuf.
import { once } from "node:events";
import grpc from "@grpc/grpc-js";
import { chunksOf, itemsOf } from "../values.js";
import { makeCertificate } from "./shared/certificate.js";
import { definitions } from "./shared/proto.js";

const { Echo } = /** @type {any} */ (grpc.loadPackageDefinition(definitions));

export async function serve() {
  const { key, cert } = await makeCertificate();
  const pair = { private_key: Buffer.from(key), cert_chain: Buffer.from(cert) };
  const port = await listen(grpc.ServerCredentials.createSsl(null, [pair], false));
  return { port, cert };
}

/** Listens; resolves with the port. */
export function listen(credentials) {
  const server = new grpc.Server();
  server.addService(Echo.service, handlers);
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", credentials, (error, port) => (error ? reject(error) : resolve(port)));
  });
}

const echo = (call, respond) => respond(null, call.request);

const handlers = {
  Item: echo,
  List: echo,
  Text: echo,
  Down: (call) => send(call, itemsOf(call.request.count)),
  Up(call, respond) {
    let count = 0;
    call.on("data", () => count++).on("end", () => respond(null, { count }));
  },
  Both: (call) => call.pipe(call),
  BytesDown: (call) => send(call, messagesOf(call.request.size)),
  BytesUp(call, respond) {
    let size = 0;
    call
      .on("data", ({ data }) => {
        size += data.length;
      })
      .on("end", () => respond(null, { size }));
  },
};

/** Writes messages as the call takes them. */
async function send(call, messages) {
  for (const message of messages) if (!call.write(message)) await once(call, "drain");
  call.end();
}

function* messagesOf(size) {
  for (const data of chunksOf(size)) yield { data };
}

export async function connect({ port, cert }, options = {}) {
  return session(`localhost:${options.port ?? port}`, grpc.credentials.createSsl(Buffer.from(cert)));
}

/** @returns {Promise<import("./peer.js").Session>} */
export async function session(address, credentials) {
  // Each session has a connection of its own.
  const client = new Echo(address, credentials, { "grpc.use_local_subchannel_pool": 1 });
  const unary = (method) => (value) =>
    new Promise((resolve, reject) => {
      client[method](value, (error, response) => (error ? reject(error) : resolve(response)));
    });
  const up = (method, messages) =>
    new Promise((resolve, reject) => {
      const call = client[method]((error, response) => (error ? reject(error) : resolve(response)));
      send(call, messages).catch(reject);
    });
  return {
    echo: { item: unary("Item"), list: unary("List"), text: unary("Text") },
    items: {
      down: (count) => received(client.Down({ count }), () => 1),
      up: async (count) => (await up("Up", itemsOf(count))).count,
      both(count) {
        const call = client.Both();
        send(call, itemsOf(count));
        return received(call, () => 1);
      },
    },
    bytes: {
      down: (size) => received(client.BytesDown({ size }), ({ data }) => data.length),
      up: async (size) => (await up("BytesUp", messagesOf(size))).size,
    },
    close: () => client.close(),
  };
}

/** The sum of what `weigh` says of each message. */
function received(call, weigh) {
  return new Promise((resolve, reject) => {
    let sum = 0;
    call
      .on("data", (message) => {
        sum += weigh(message);
      })
      .on("end", () => resolve(sum))
      .on("error", reject);
  });
}
