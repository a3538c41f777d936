// connect-node over HTTP/2 and TLS, with messages of protobuf.
import { createSecureServer } from "node:http2";
import { create, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createConnectTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { itemsOf } from "../values.js";
import { makeCertificate } from "./shared/certificate.js";
import { definitions } from "./shared/proto.js";

/** The service, from the same file as that of grpc-js. */
const { fileDescriptorProtos } = /** @type {any} */ (definitions["Item"]);
const file = fileDescriptorProtos.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
const Echo = createFileRegistry(create(FileDescriptorSetSchema, { file })).getService("Echo");

export async function serve() {
  const { key, cert } = await makeCertificate();
  const routes = (router) => router.service(Echo, handlers);
  const server = createSecureServer({ key, cert }, connectNodeAdapter({ routes }));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return { port, cert };
}

const echo = (value) => value;

const handlers = {
  item: echo,
  list: echo,
  text: echo,
  async *down({ count }) {
    yield* itemsOf(count);
  },
  up: async (items) => ({ count: await countOf(items) }),
  async *both(items) {
    yield* items;
  },
};

export async function connect({ port, cert }, options) {
  const baseUrl = `https://localhost:${options.port ?? port}`;
  const sessionManager = new Http2SessionManager(baseUrl, {}, { ca: cert });
  const transport = createConnectTransport({ httpVersion: "2", baseUrl, sessionManager, useBinaryFormat: true });
  const client = /** @type {any} */ (createClient(Echo, transport));
  return {
    echo: { item: client.item, list: client.list, text: client.text },
    items: {
      down: (count) => countOf(client.down({ count })),
      up: async (count) => (await client.up(sentItems(count))).count,
      both: (count) => countOf(client.both(sentItems(count))),
    },
    close: () => sessionManager.abort(),
  };
}

async function* sentItems(count) {
  yield* itemsOf(count);
}

async function countOf(items) {
  let count = 0;
  for await (const _ of items) count++;
  return count;
}
