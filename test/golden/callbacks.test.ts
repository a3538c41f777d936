import { inMemory } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { type CallbackHandlers, connect, type FleetClient } from "./cases/callbacks/generated/client.js";
import { defineHandlers } from "./cases/callbacks/generated/server.js";
import { callbacks, handlers } from "./uses/callbacks.js";

async function client(serving: CallbackHandlers | undefined): Promise<FleetClient> {
  const transport = inMemory(defineHandlers(handlers));
  const connected = await (serving === undefined ? connect(transport) : connect(transport, { callbacks: serving }));
  onTestFinished(() => connected.close());
  return connected;
}

test("a server calls a callback of its client, which returns a value or a stream", async () => {
  const { fleet, job, jobs } = await client(callbacks);
  const loads: unknown[] = [];
  for await (const load of fleet.get()) loads.push(load);
  expect(loads).toEqual([{ host: "undefined", load: 1 }]);
  expect(await job.store({ id: 1 })).toBe(null);
  expect(await jobs.store({}, [{ id: 1 }, { id: 2 }])).toBe(0);
});

test("an error that a callback declares reaches the server's handler with its details", async () => {
  const busy: CallbackHandlers["agent"] = {
    ...callbacks.agent,
    store: (_, ctx) => ctx.fail("CONFLICT", { running: "other" }, "busy"),
  };
  const { job } = await client({ ...callbacks, agent: busy });
  expect(await job.store.safe({ id: 7 })).toMatchObject({
    ok: false,
    error: { status: "CONFLICT", message: "other", details: { id: 7 } },
  });
});

test("the callbacks of a client are validated against the contract", async () => {
  const wrong = { ...callbacks.agent, get: () => ({ host: "h", load: "high" }) as never };
  const { fleet } = await client({ ...callbacks, agent: wrong });
  expect(await fleet.get.safe().result).toMatchObject({ ok: false, error: { status: "INTERNAL" } });
});

test("a client without callbacks can connect, and calling it back fails", async () => {
  const { fleet } = await client(undefined);
  expect(await fleet.get.safe().result).toMatchObject({ ok: false, error: { status: "UNIMPLEMENTED" } });
});
