import type { Method } from "sshrpc/generated";
import type { Context, Peer } from "sshrpc/server";
import { type InMemoryOptions, type InMemoryServer, inMemory } from "sshrpc/testing";
import { onTestFinished } from "vitest";
import { FLAG, FRAME, RawPeer } from "../../../../support/raw-peer.js";
import { ALICE, type AnyHandler, any, handlersOf, method, TestLog } from "../../support/server.js";
import { until } from "../../support/wait.js";

/** The methods of the tests: an order is not idempotent. */
export const METHODS = [
  method("STORE /orders", { resource: "orders", idempotent: false }),
  method("STORE /again", { resource: "again", idempotent: false, onInterrupt: "run" }),
  method("UPDATE /orders", { resource: "orders" }),
  method("STORE /upload", { resource: "upload", idempotent: false, kind: "client-streaming", requestItem: "bytes" }),
  method("STORE /feed", { resource: "feed", idempotent: false, kind: "server-streaming", responseItem: any }),
] as const satisfies readonly Method[];

const IDS: readonly string[] = METHODS.map(({ id }) => id);

/** What a call ended with. */
export interface Answer {
  readonly code: number;
  readonly body: unknown;
  readonly refused: boolean;
  readonly trailers: unknown;
}

/** A request with a key, by hand. */
export interface Keyed {
  readonly key?: string;
  readonly method?: string;
  readonly request?: unknown;
  readonly timeout?: number;
  readonly metadata?: readonly (readonly [string, string])[];
  readonly hasStream?: boolean;
}

/** A raw client on one connection. */
export class Caller {
  readonly raw: RawPeer;
  #id = -1;

  constructor(raw: RawPeer) {
    this.raw = raw.hello(IDS);
  }

  /** Sends a call, and returns its id. */
  send({
    key,
    method: id = "STORE /orders",
    request = { item: "cup" },
    timeout,
    metadata = [],
    hasStream,
  }: Keyed): number {
    this.#id += 2;
    const pairs = [...(key === undefined ? [] : [["idempotency-key", key]]), ...metadata];
    this.raw.send({
      kind: FRAME.OPEN,
      id: this.#id,
      method: IDS.indexOf(id),
      ...(hasStream && { flags: FLAG.STREAM }),
      ...(timeout !== undefined && { timeout }),
      ...(pairs.length > 0 && { metadata: JSON.stringify(pairs) }),
      body: JSON.stringify(request),
    });
    return this.#id;
  }

  /** The next answer. */
  async answer(): Promise<Answer> {
    const { flags, payload } = await this.raw.next(FRAME.STATUS);
    const size = flags & FLAG.METADATA ? payload.readUInt32BE(2) : undefined;
    const start = size === undefined ? 2 : 6 + size;
    const text = payload.toString("utf8", start);
    return {
      code: payload.readUInt16BE(0),
      refused: (flags & FLAG.REFUSED) !== 0,
      trailers: size === undefined ? undefined : JSON.parse(payload.toString("utf8", 6, start)),
      body: text === "" ? undefined : JSON.parse(text),
    };
  }

  /** A call and its answer. */
  async call(keyed: Keyed): Promise<Answer> {
    this.send(keyed);
    return this.answer();
  }

  /** The HELLO of the server. */
  async hello(): Promise<Record<string, unknown>> {
    const frame = await until("a HELLO", () => this.raw.frames.find(({ kind }) => kind === FRAME.HELLO));
    return JSON.parse(frame.payload.toString());
  }

  /** The connection is lost. */
  lose(): void {
    this.raw.duplex.destroy();
  }
}

/** A server of orders. */
export interface Orders {
  readonly server: InMemoryServer;
  readonly log: TestLog;
  readonly connect: (peer?: Partial<Peer>) => Promise<Caller>;
}

/** Serves one handler for every method. */
export function serveOrders(
  handler: AnyHandler,
  options: InMemoryOptions = {},
  methods: readonly Method[] = METHODS,
): Orders {
  const log = new TestLog();
  const handlers = handlersOf(methods, Object.fromEntries(IDS.map((id) => [id, handler])));
  const server = inMemory(handlers, { peer: ALICE, ...options, log });
  onTestFinished(() => server.close());
  return { server, log, connect: async (peer = {}) => new Caller(new RawPeer(await server.as(peer).open())) };
}

/** A handler that counts its runs, and waits for `open` where it shall. */
export class Counter {
  runs = 0;
  readonly keys: (string | undefined)[] = [];
  readonly contexts: Context[] = [];
  #waiting: (() => void)[] = [];
  readonly #waits: boolean;

  constructor({ waits = false } = {}) {
    this.#waits = waits;
  }

  readonly handler: AnyHandler = async (_request, ctx) => {
    const run = ++this.runs;
    this.keys.push(ctx.idempotencyKey);
    this.contexts.push(ctx);
    if (this.#waits) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return { order: run };
  };

  /** Lets the handlers that wait go on. */
  open(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
