import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import type { RpcError } from "sshrpc/client";
import type { StreamsClient } from "../cases/streams/generated/client.js";
import type { FileHandlers, Handlers, TailHandlers, WeblogHandlers } from "../cases/streams/generated/server.js";
import type { Checksum, Hit } from "../cases/streams/generated/types.js";

const HITS: readonly Hit[] = [
  { host: "a", status: 200 },
  { host: "b", status: 404 },
];

/** Every way to write a handler that has a stream. */
export const handlers: Handlers = {
  weblog: {
    // An async generator whose stream ends without a value.
    async *get({ follow = false }, ctx) {
      if (follow) ctx.fail("FORBIDDEN", null, "not here");
      yield* HITS;
    },
  },
  count: {
    // An async generator that returns the final value of its stream.
    async *get({ to }) {
      let sum = 0;
      for (let n = 1; n <= to; n += 1) {
        sum += n;
        yield { n };
      }
      return { sum };
    },
    async store(_, items) {
      let sum = 0;
      for await (const item of items) sum += item;
      return sum;
    },
    // A function that returns an async iterable.
    update: (_, items) => sums(items),
  },
  file: {
    async *get({ name }, ctx) {
      if (name === "missing") ctx.fail("NOT_FOUND", { name });
      const hash = createHash("sha256");
      let bytes = 0;
      for await (const chunk of [Buffer.from(name), new Uint8Array([0, 255])]) {
        hash.update(chunk);
        bytes += chunk.byteLength;
        yield chunk;
      }
      return { bytes, sha256: hash.digest("hex") };
    },
    async store({ name }, items, ctx) {
      const sum = await checksum(items);
      return sum.bytes > 0 ? sum : ctx.fail("CONFLICT", { expected: name, actual: sum.sha256 });
    },
    // An async function that returns an async iterable.
    update: async (_, items) => upperCase(items),
  },
  tail: {
    // A Node stream: its chunks are the bytes.
    get: () => createReadStream(new URL(import.meta.url)),
  },
  chat: {
    update: (_, items) => items,
  },
};

/** Node streams of other types, and code that the compiler rejects. */
export const otherTails: readonly TailHandlers["get"][] = [
  () => Readable.from([Buffer.from("x")]),
  async () => createReadStream("x"),
  async function* () {
    yield new Uint8Array(1);
  },
  // @ts-expect-error strings are not bytes
  async function* () {
    yield "x";
  },
];

// @ts-expect-error the stream must end with a checksum
export const wrongEnd: FileHandlers["get"] = async function* () {
  yield new Uint8Array(1);
};

// @ts-expect-error a hit has a status
export const wrongItem: WeblogHandlers["get"] = async function* () {
  yield { host: "a" };
};

/** The items of a stream. A request without required fields may be omitted. */
export async function hosts(client: StreamsClient): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const hit of client.weblog.get()) found.push(hit.host);
  return found;
}

/** The items of a stream, and its final value. */
export async function count(client: StreamsClient, to: number): Promise<{ items: number[]; sum: number }> {
  const stream = client.count.get({ to }, { timeout: 5_000 });
  const items: number[] = [];
  for await (const { n } of stream) items.push(n);
  const { sum } = await stream.response;
  return { items, sum };
}

/** A failed stream without an exception: its error is typed by status. */
export async function refusal(client: StreamsClient): Promise<{ status: string; details: unknown }> {
  const stream = client.weblog.get.safe({ follow: true });
  for await (const hit of stream) throw new Error(`an item of a rejected call: ${hit.host}`);
  const result = await stream.result;
  if (result.ok) return { status: "OK", details: result.value };
  const { error } = result;
  if (error.status === "FORBIDDEN") {
    const details: null | undefined = error.details;
    return { status: error.status, details };
  }
  return { status: error.status, details: undefined };
}

/** An existing stream of bytes, and the typed error of a missing one. */
export async function download(client: StreamsClient, name: string): Promise<{ text: string; sum: Checksum } | string> {
  const stream = client.file.get.safe({ name });
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  const result = await stream.result;
  if (result.ok) return { text: Buffer.concat(chunks).toString("latin1"), sum: result.value };
  return result.error.status === "NOT_FOUND" ? `no ${result.error.details.name}` : result.error.message;
}

/** Request streams: an array, a generator, a Node stream, a web stream. */
export async function uploads(client: StreamsClient): Promise<readonly number[]> {
  const file = new URL(import.meta.url);
  const web = new Blob(["web"]).stream();
  const sums = await Promise.all([
    client.file.store({ name: "array" }, [Buffer.from("ab"), Buffer.from("c")]),
    client.file.store({ name: "generator" }, bytes("abcd")),
    client.file.store({ name: "node" }, createReadStream(file, { end: 99 })),
    client.file.store({ name: "web" }, web),
  ]);
  return sums.map((sum) => sum.bytes);
}

/** A request stream that the handler rejects. */
export async function conflict(client: StreamsClient): Promise<string> {
  const result = await client.file.store.safe({ name: "empty" }, []);
  if (result.ok) return "OK";
  const { error } = result;
  return error.status === "CONFLICT" ? `${error.details.expected} ${error.details.actual.slice(0, 4)}` : error.message;
}

/** Bidirectional streams: of items, and of bytes with a final value. */
export async function both(client: StreamsClient): Promise<{ sums: number[]; text: string; end: Checksum | null }> {
  const collected: number[] = [];
  for await (const { sum } of client.count.update({}, [{ add: 1 }, { add: 2 }])) collected.push(sum);
  const stream = client.file.update({ name: "x" }, bytes("abc"));
  let text = "";
  for await (const chunk of stream) text += Buffer.from(chunk).toString();
  return { sums: collected, text, end: await stream.response };
}

/** The echoed items, and the sum of numbers. */
export async function echo(client: StreamsClient): Promise<{ hits: Hit[]; sum: number }> {
  const hits: Hit[] = [];
  for await (const hit of client.chat.update({}, HITS)) hits.push(hit);
  return { hits, sum: await client.count.store({}, [1, 2, 3.5]) };
}

/** Calls that the compiler rejects. */
export function refused(client: StreamsClient): unknown {
  return [
    // @ts-expect-error the items are numbers
    () => client.count.store({}, ["1"]),
    // @ts-expect-error a request stream is required
    () => client.count.store({}),
    // @ts-expect-error the request has a required field
    () => client.count.get(),
    // @ts-expect-error an item has no such field
    () => client.count.update({}, [{ sum: 1 }]),
    // @ts-expect-error strings are not bytes
    () => client.file.store({ name: "x" }, ["text"]),
    async (): Promise<void> => client.weblog.get({}).response,
    async (): Promise<RpcError | undefined> => {
      const result = await client.tail.get.safe().result;
      return result.ok ? undefined : result.error;
    },
  ];
}

async function* sums(items: AsyncIterable<{ add: number }>): AsyncGenerator<{ sum: number }, void> {
  let sum = 0;
  for await (const { add } of items) {
    sum += add;
    yield { sum };
  }
}

async function* upperCase(items: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, Checksum | null> {
  for await (const item of items) yield Buffer.from(Buffer.from(item).toString().toUpperCase());
  return null;
}

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  for (const character of text) yield Buffer.from(character);
}

async function checksum(items: AsyncIterable<Uint8Array>): Promise<Checksum> {
  const hash = createHash("sha256");
  let length = 0;
  for await (const item of items) {
    hash.update(item);
    length += item.byteLength;
  }
  return { bytes: length, sha256: hash.digest("hex") };
}
