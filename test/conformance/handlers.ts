import { RpcError } from "sshrpc/server";
import type { ErrorStatus } from "../../runtime/src/contract/status.js";
import type { Handlers } from "./generated/server.js";

/** What became of the calls of `wait`, by the names they were called with. */
export class Waits {
  readonly started: string[] = [];
  /** The status of each signal's reason. */
  readonly aborted = new Map<string, string>();
  /** Those whose `finally` has run. */
  readonly finished: string[] = [];
}

/** Handlers that do what the schema says. */
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
    secret: { get: () => "42" },
    wrong: { get: (request) => request.with as { n: number } },
  };
}
