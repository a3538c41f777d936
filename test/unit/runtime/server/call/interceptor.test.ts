import type { Method } from "sshrpc/generated";
import { RpcError, type ServerInterceptor } from "sshrpc/server";
import { afterEach, describe, expect, test } from "vitest";
import { FLAG, FRAME } from "../../../../support/raw-peer.js";
import { type AnyHandler, any, type RawServed, serveRaw } from "../../support/server.js";
import { within } from "../../support/wait.js";

let served: RawServed | undefined;

afterEach(async () => {
  served?.peer.duplex.destroy();
  await within("the server's end", served?.server.close() ?? Promise.resolve());
});

async function serve(
  method: Partial<Method>,
  interceptors: readonly ServerInterceptor[],
  handler: (...args: never[]) => unknown,
): Promise<RawServed> {
  served = await serveRaw(handler as AnyHandler, { interceptors, method });
  served.peer.hello(["GET /it"], { window: 1000 });
  return served;
}

type Items = AsyncIterable<unknown>;
const sum = async (_: unknown, items: Items): Promise<number> => {
  let total = 0;
  for await (const item of items) total += item as number;
  return total;
};

const KINDS: [string, Partial<Method>, (...args: never[]) => unknown, unknown[]][] = [
  ["unary", {}, (request: unknown) => request, [{}]],
  ["server-streaming", { kind: "server-streaming", responseItem: any }, () => [1, 2], [1, 2, null]],
  ["client-streaming", { kind: "client-streaming", requestItem: any }, sum, [3]],
  [
    "bidirectional",
    { kind: "bidirectional", requestItem: any, responseItem: any },
    async function* (_: unknown, items: Items) {
      yield* items;
    },
    [1, 2, null],
  ],
];

describe.each(KINDS)("interceptors of %s calls", (_, method, handler, answers) => {
  /** Calls once, and gives the items and the response. */
  async function call({ peer }: RawServed): Promise<unknown[]> {
    const up = method.requestItem !== undefined;
    peer.open(1, "{}", { flags: up ? FLAG.STREAM : 0, credit: 1000 });
    if (up)
      peer.send(
        { kind: FRAME.ITEM, id: 1, body: "1" },
        { kind: FRAME.ITEM, id: 1, body: "2" },
        { kind: FRAME.END, id: 1 },
      );
    const { payload } = await peer.next(FRAME.STATUS);
    expect(payload.readUInt16BE(0)).toBe(200);
    const items = peer.frames.filter(({ kind }) => kind === FRAME.ITEM).map(({ payload }) => JSON.parse(`${payload}`));
    return [...items, JSON.parse(payload.toString("utf8", 2))];
  }

  test("run once each, the first one outermost", async () => {
    const order: string[] = [];
    const note =
      (name: string): ServerInterceptor =>
      async (call, next) => {
        order.push(`${name} in`);
        const result = await next(call);
        order.push(`${name} out`);
        return result;
      };
    const started = await serve(method, [note("a"), note("b")], (...args) => {
      order.push("handler");
      return handler(...args);
    });
    expect(await call(started)).toEqual(answers);
    expect(order).toEqual(["a in", "b in", "handler", "b out", "a out"]);
  });

  test("may refuse a call before its handler runs", async () => {
    let ran = false;
    const refuse: ServerInterceptor = () => {
      throw new RpcError("UNAUTHENTICATED", "not you", { details: { why: 1 } });
    };
    const { peer } = await serve(method, [refuse], () => {
      ran = true;
    });
    peer.open(1, "{}", { flags: method.requestItem === undefined ? 0 : FLAG.STREAM, credit: 1000 });
    expect(await peer.status()).toMatchObject({ code: 401, body: { message: "not you", details: { why: 1 } } });
    expect(ran).toBe(false);
  });

  test("may add to the context, and change the request", async () => {
    let seen: unknown;
    const change: ServerInterceptor = (call, next) =>
      next({ ...call, request: "changed", ctx: Object.assign(Object.create(call.ctx), { db: "the database" }) });
    const started = await serve(method, [change], (...args) => {
      const ctx = args.at(-1) as unknown as { db: string };
      seen = [args[0], ctx.db];
      return handler(...([args[0], ...args.slice(1)] as never[]));
    });
    if (method.kind === undefined) {
      started.peer.open(1, "{}");
      expect(await started.peer.status()).toMatchObject({ body: "changed" });
    } else await call(started);
    expect(seen).toEqual(["changed", "the database"]);
  });
});
