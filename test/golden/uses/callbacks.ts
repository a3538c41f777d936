import { createReadStream } from "node:fs";
import type { Server } from "sshrpc/server";
import { type CallbackHandlers, connect, type FleetClient } from "../cases/callbacks/generated/client.js";
import type { Callbacks, Handlers } from "../cases/callbacks/generated/server.js";
import type { Load } from "../cases/callbacks/generated/types.js";

/** Handlers of a server that call their caller. */
export const handlers: Handlers = {
  fleet: {
    async *get(_, ctx) {
      yield await ctx.callbacks.agent.get();
    },
  },
  job: {
    async store({ id }, ctx) {
      const run = ctx.callbacks.agent.store.safe({ command: `job ${id}` }, { signal: ctx.signal });
      for await (const { line } of run) ctx.log.info({ line }, "the job says");
      const result = await run.result;
      if (!result.ok && result.error.status === "CONFLICT") ctx.fail("CONFLICT", { id }, result.error.details.running);
      return null;
    },
    update: (_, items) => items,
  },
  jobs: {
    async store(_, items, ctx) {
      let codes = 0;
      for await (const { id } of items) {
        codes += (await ctx.callbacks.agent.store({ command: `job ${id}` }).response).code;
      }
      return codes;
    },
  },
};

/** The callbacks of a client. Their handlers cannot call back in turn. */
export const callbacks: CallbackHandlers = {
  agent: {
    get: (_, ctx): Load => {
      const none: undefined = ctx.callbacks;
      return { host: String(none), load: 1 };
    },
    async *store({ command }, ctx) {
      if (command === "") ctx.fail("CONFLICT", { running: "another" });
      yield { line: command };
      return { code: 0 };
    },
  },
  disk: {
    get: ({ name }) => createReadStream(name),
    store: async (_, items) => {
      for await (const chunk of items) chunk.byteLength;
      return null;
    },
    async *update({ name }, items) {
      for await (const chunk of items) yield { host: name, load: chunk.byteLength };
    },
  },
};

/** A client with callbacks, and one without. */
export function clients(target: string): Promise<readonly FleetClient[]> {
  return Promise.all([connect(target, { callbacks }), connect(target), connect(target, { timeout: 5_000 })]);
}

/** The load of each client, read through the server object. */
export function loads(server: Server<Callbacks>): Promise<readonly Load[]> {
  return Promise.all(server.clients.map(({ callbacks }) => callbacks.agent.get()));
}

/** Code that the compiler rejects. */
export function refused(target: string, peer: Callbacks): unknown {
  return [
    // @ts-expect-error the handlers of disks are missing
    () => connect(target, { callbacks: { agent: callbacks.agent } }),
    // @ts-expect-error a load has a host
    () => connect(target, { callbacks: { ...callbacks, agent: { ...callbacks.agent, get: () => ({ load: 1 }) } } }),
    // @ts-expect-error the request has a required field
    () => peer.agent.store(),
    // @ts-expect-error callbacks are not resources of the server
    (client: FleetClient) => client.agent,
  ];
}
