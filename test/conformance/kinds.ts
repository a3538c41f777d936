import type { CallOptions, Result, RpcError } from "sshrpc/client";
import type { ConformanceClient } from "./generated/client.js";
import type { Script, Tally } from "./generated/types.js";

/** Items to send, by their sizes. */
export type Sizes = Iterable<number> | AsyncIterable<number>;

/** A call of any kind. */
export interface Running {
  /** The sizes of the response items; fails with the error of the call. */
  readonly sizes: AsyncIterable<number>;
  /** The outcome. */
  readonly result: Promise<Result<Tally, RpcError>>;
}

/** A kind of method; streams of raw bytes are kinds of their own. */
export interface Kind {
  readonly name: string;
  /** The method that {@link begin} calls. */
  readonly id: string;
  /** Whether the caller streams, and whether the handler does. */
  readonly up: boolean;
  readonly down: boolean;
  readonly bytes: boolean;
  begin(client: ConformanceClient, script: Script, items?: Sizes, options?: CallOptions): Running;
  /** The same call with errors as values. */
  safe(client: ConformanceClient, script: Script, items?: Sizes): Running;
}

export const KINDS: readonly Kind[] = [
  {
    ...kind("unary", "DELETE /run"),
    begin: (client, script, _items, options) => one(client.run.delete(script, options)),
    safe: (client, script) => oneSafe(client.run.delete.safe(script)),
  },
  {
    ...kind("server", "GET /run", { down: true }),
    begin: (client, script, _items, options) => many(client.run.get(script, options), text),
    safe: (client, script) => manySafe(client.run.get.safe(script), text),
  },
  {
    ...kind("client", "STORE /run", { up: true }),
    begin: (client, script, items = [], options) => one(client.run.store(script, map(items, toText), options)),
    safe: (client, script, items = []) => oneSafe(client.run.store.safe(script, map(items, toText))),
  },
  {
    ...kind("bidi", "UPDATE /run", { up: true, down: true }),
    begin: (client, script, items = [], options) => many(client.run.update(script, map(items, toText), options), text),
    safe: (client, script, items = []) => manySafe(client.run.update.safe(script, map(items, toText)), text),
  },
  {
    ...kind("bytes down", "GET /bytes", { down: true, bytes: true }),
    begin: (client, script, _items, options) => many(client.bytes.get(script, options), raw),
    safe: (client, script) => manySafe(client.bytes.get.safe(script), raw),
  },
  {
    ...kind("bytes up", "STORE /bytes", { up: true, bytes: true }),
    begin: (client, script, items = [], options) => one(client.bytes.store(script, map(items, toRaw), options)),
    safe: (client, script, items = []) => oneSafe(client.bytes.store.safe(script, map(items, toRaw))),
  },
  {
    ...kind("bytes both", "UPDATE /bytes", { up: true, down: true, bytes: true }),
    begin: (client, script, items = [], options) => many(client.bytes.update(script, map(items, toRaw), options), raw),
    safe: (client, script, items = []) => manySafe(client.bytes.update.safe(script, map(items, toRaw)), raw),
  },
];

function kind(name: string, id: string, more: { up?: boolean; down?: boolean; bytes?: boolean } = {}) {
  return { name, id, up: false, down: false, bytes: false, ...more };
}

const text = (item: { text: string }): number => item.text.length;
const raw = (item: Uint8Array): number => item.length;
const toText = (size: number): { text: string } => ({ text: "x".repeat(size) });
const toRaw = (size: number): Uint8Array => Buffer.alloc(size, "x");

async function* map<From, To>(items: Iterable<From> | AsyncIterable<From>, to: (item: From) => To): AsyncGenerator<To> {
  for await (const item of items) yield to(item);
}

function one(response: Promise<Tally>): Running {
  return { sizes: map([], raw), result: settle(response) };
}

function many<Item>(
  stream: AsyncIterable<Item> & { readonly response: Promise<Tally> },
  size: (item: Item) => number,
): Running {
  return { sizes: map(stream, size), result: settle(stream.response) };
}

function oneSafe(result: Running["result"]): Running {
  return { sizes: map([], raw), result };
}

function manySafe<Item>(
  stream: AsyncIterable<Item> & { readonly result: Running["result"] },
  size: (item: Item) => number,
): Running {
  return { sizes: map(stream, size), result: stream.result };
}

function settle(response: Promise<Tally>): Running["result"] {
  return response.then(
    (value) => ({ ok: true, value }),
    (error: RpcError) => ({ ok: false, error }),
  );
}
