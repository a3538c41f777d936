import { RpcError, tracked } from "sshrpc/server";
import type { ErrorStatus } from "../../runtime/src/contract/status.js";
import type { Handlers } from "./generated/server.js";
import type { Item } from "./generated/types.js";
import { type Form, play } from "./play.js";

/** Events of the calls of `wait` and `run`, by the names in their requests. */
export class Waits {
  readonly started: string[] = [];
  /** The status of each abort reason. */
  readonly aborted = new Map<string, string>();
  /** The number of items that each call was asked for, and has taken. */
  readonly sent = new Map<string, number>();
  readonly taken = new Map<string, number>();
  /** The calls whose `finally` has run. */
  readonly finished: string[] = [];
}

const TEXT: Form<Item> = { make: (size) => ({ text: "x".repeat(size) }), size: ({ text }) => text.length };
const RAW: Form<Uint8Array> = { make: (size) => Buffer.alloc(size, "x"), size: ({ length }) => length };

/** Runs a script to its end, for kinds without a response stream. */
async function finish<Result>(items: AsyncGenerator<unknown, Result>): Promise<Result> {
  for (;;) {
    const next = await items.next();
    if (next.done === true) return next.value;
  }
}

/** The handlers of the conformance API. */
export function conformanceHandlers(waits: Waits): Handlers {
  return {
    empty: { get: () => ({}) },
    echo: { update: (request) => request },
    payload: { store: async ({ body, size }) => ({ received: body.length, body: "d".repeat(size) }) },
    headers: { get: (_, { metadata }) => [...metadata].map(([name, values]) => ({ name, values: [...values] })) },
    outcome: {
      get: ({ status, message, details }) => {
        if (status === "OK") return null;
        throw new RpcError(status as ErrorStatus, message, { details });
      },
    },
    wait: {
      get: async ({ name }, { signal }) => {
        waits.started.push(name);
        try {
          await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
          waits.aborted.set(name, signal.reason.status);
          return { reason: signal.reason.status };
        } finally {
          waits.finished.push(name);
        }
      },
    },
    sleep: {
      get: async ({ ms }, { deadline }) => {
        await new Promise((resolve) => setTimeout(resolve, ms));
        return { left: deadline - Date.now() };
      },
    },
    item: {
      get: ({ id }, ctx) => (id > 0 ? { id } : ctx.fail("NOT_FOUND", { id }, `no item ${id}`)),
      delete: () => null,
    },
    run: {
      delete: (script, ctx) => finish(play(script, undefined, ctx, TEXT, waits)),
      get: (script, ctx) => play(script, undefined, ctx, TEXT, waits),
      store: (script, items, ctx) => finish(play(script, items, ctx, TEXT, waits)),
      update: (script, items, ctx) => play(script, items, ctx, TEXT, waits),
    },
    bytes: {
      get: (script, ctx) => play(script, undefined, ctx, RAW, waits),
      store: (script, items, ctx) => finish(play(script, items, ctx, RAW, waits)),
      update: (script, items, ctx) => play(script, items, ctx, RAW, waits),
    },
    feed: {
      async *get({ last, size = 0 }, ctx) {
        const after = Number(ctx.resumeAfter ?? 0);
        if (!(Number.isInteger(after) && after >= 0 && after <= last))
          ctx.fail("PRECONDITION_FAILED", undefined, "no such position");
        for (let n = after + 1; n <= last; n++) yield tracked(String(n), { text: `${n}${"x".repeat(size)}` });
        return { last };
      },
    },
    secret: { get: () => "42" },
    wrong: { get: (request) => request.with as { n: number } },
  };
}
