// sshrpc with everything on: generated validators at both ends, a scope for each method, the default deadline of calls, quotas of
// the key, the default limits, and the log at its default level.
import { generateKeyPair } from "sshrpc/testing";
import { chunksOf, itemsOf } from "../values.js";
import { generated } from "./shared/generated.js";

export async function serve() {
  const { serve } = await generated("server.js");
  const { publicKey, privateKey } = generateKeyPair();
  const server = await serve(handlers, {
    port: 0,
    hostKeys: { privateKey: generateKeyPair().privateKey },
    authorizedKeys: { lines: [`scopes="bench:*" ${publicKey}`] },
    // One key holds all connections of the benchmarks, where the defaults allow half of 1,024.
    maxConnections: 4096,
    perKey: { connections: 2048, calls: 4096, bytes: 1e9, rate: 10_000_000 },
  });
  return { port: server.port, hostKey: server.fingerprints[0], privateKey };
}

const handlers = {
  item: { get: (value) => value },
  list: { get: (value) => value },
  text: { get: (value) => value },
  items: {
    get: async function* ({ count }) {
      yield* itemsOf(count);
    },
    store: async (_request, items) => ({ count: await countOf(items) }),
    update: async function* (_request, items) {
      yield* items;
    },
  },
  bytes: {
    get: async function* ({ size }) {
      yield* chunksOf(size);
    },
    store: async (_request, chunks) => ({ size: await sizeOf(chunks) }),
  },
};

export async function connect({ port, hostKey, privateKey }, { kex, ...options }) {
  const { connect } = await generated("client.js");
  const client = await connect(`ssh://bench@127.0.0.1:${options.port ?? port}`, {
    hostKey,
    identity: { privateKey },
    ...{ agent: false, sshConfig: false },
    ...(kex !== undefined && { algorithms: { kex: [kex] } }),
  });
  return {
    echo: { item: client.item.get, list: client.list.get, text: client.text.get },
    items: {
      down: (count) => countOf(client.items.get({ count })),
      up: async (count) => (await client.items.store({}, itemsOf(count))).count,
      both: (count) => countOf(client.items.update({}, itemsOf(count))),
    },
    bytes: {
      down: (size) => sizeOf(client.bytes.get({ size })),
      up: async (size) => (await client.bytes.store({}, chunksOf(size))).size,
    },
    close: () => client.close(),
  };
}

async function countOf(items) {
  let count = 0;
  for await (const _ of items) count++;
  return count;
}

async function sizeOf(chunks) {
  let size = 0;
  for await (const chunk of chunks) size += chunk.length;
  return size;
}
