import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Client } from "sshrpc/client";
import { connectApi } from "sshrpc/generated";
import type { CallEnded, CallStarted } from "sshrpc/server";
import { inMemory, onLoopback } from "sshrpc/testing";
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

test("a subscriber that comes after the server, the client and the connection gets events from then on", async () => {
  const client = (await call()) as unknown as ItClient;
  const starts = messages<CallStarted>("sshrpc:call.start");
  const ends: CallEnded[] = [];
  const listener = (message: unknown): void => void ends.push(message as CallEnded);
  subscribe("sshrpc:call.end", listener);
  onTestFinished(() => void unsubscribe("sshrpc:call.end", listener));
  await client.it.get({});
  await until("the ends", () => ends.length === 2);
  expect(starts.map(({ side }) => side)).toEqual(["client", "server"]);
  for (const { call: number } of starts)
    expect(ends.filter((end) => end.call === number)).toMatchObject([{ status: "OK" }]);
  unsubscribe("sshrpc:call.end", listener);
  await client.it.get({});
  expect([starts.length, ends.length]).toEqual([4, 2]);
});

test("a subscriber that comes after a server over SSH gets its logins, connections and sessions", async () => {
  const handlers = handlersOf([method("GET /it")], { "GET /it": () => 1 });
  const server = await onLoopback(handlers);
  const logins = messages<object>("sshrpc:login.accept");
  const opened = messages<object>("sshrpc:connection.open");
  const sessions = messages<object>("sshrpc:session.open");
  const client = await connectApi<ItClient>(handlers.api, server.target, { ...server.options, log: false });
  await client.it.get({});
  expect([logins.length, sessions.length]).toEqual([1, 1]);
  // Of the server and of the client.
  expect(opened).toHaveLength(2);
  await client.close();
  await server.close();
});
