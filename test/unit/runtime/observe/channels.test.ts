import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Client } from "sshrpc/client";
import { connectApi } from "sshrpc/generated";
import type { CallEnded, CallStarted } from "sshrpc/server";
import { inMemory } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { handlersOf, type ItClient, method } from "../support/server.js";
import { until } from "../support/wait.js";

/** The messages on a channel until the test ends. */
function messages<Message>(channel: string): readonly Message[] {
  const all: Message[] = [];
  const listener = (message: unknown): void => void all.push(message as Message);
  subscribe(channel, listener);
  onTestFinished(() => void unsubscribe(channel, listener));
  return all;
}

async function call(): Promise<Client> {
  const handlers = handlersOf([method("GET /it")], { "GET /it": () => 1 });
  const client = await connectApi<ItClient>(handlers.api, inMemory(handlers), { reconnect: false });
  onTestFinished(() => client.close());
  await client.it.get({});
  return client;
}

test("a subscriber of sshrpc:call.start and sshrpc:call.end gets each call of both sides", async () => {
  const starts = messages<CallStarted>("sshrpc:call.start");
  const ends = messages<CallEnded>("sshrpc:call.end");
  await call();
  await until("the ends", () => ends.length === 2);
  expect(starts.map(({ side, method }) => [side, method])).toEqual([
    ["client", "GET /it"],
    ["server", "GET /it"],
  ]);
  for (const { call } of starts) expect(ends.filter((end) => end.call === call)).toMatchObject([{ status: "OK" }]);
});

test("connections are on channels, too", async () => {
  const opened = messages<object>("sshrpc:connection.open");
  const closed = messages<object>("sshrpc:connection.close");
  const client = await call();
  await client.close();
  await until("the ends", () => closed.length === 2);
  expect(opened).toHaveLength(2);
});
