import type { CallEvent, Observer } from "sshrpc/client";
import { type Client, connectApi } from "sshrpc/generated";
import { inMemory } from "sshrpc/testing";
import { expect, test } from "vitest";
import { CONTRACT, notesHandlers } from "./adapters/notes-server.js";
import { serveSsh } from "./adapters/ssh-server.js";
import { apiOf, handlersOf, method } from "./support/server.js";

const METHODS = [method("GET /it", { deprecated: true }), method("STORE /it")];
const handlers = handlersOf(METHODS, { "GET /it": () => 1, "STORE /it": () => 2 });

interface ItClient extends Client {
  readonly it: { get(): Promise<unknown>; store(): Promise<unknown> };
}

/** An observer, and the events of calls that it has got. */
function recorder(): { observer: Observer; events: (readonly [string, true | undefined])[] } {
  const events: (readonly [string, true | undefined])[] = [];
  const add = ({ method: id, deprecated }: CallEvent): void => void events.push([id, deprecated]);
  return { observer: { callStarted: add, callEnded: add }, events };
}

const twice = <T>(one: T): T[] => [one, one];
const EXPECTED = [...twice(["GET /it", true]), ...twice(["STORE /it", undefined])];

test("the events of calls of deprecated methods are marked, at the client and at the server", async () => {
  const [near, far] = [recorder(), recorder()];
  const server = inMemory(handlers, { observer: far.observer });
  await using client = await connectApi<ItClient>(apiOf(...METHODS), server, { observer: near.observer });
  await client.it.get();
  await client.it.store();
  expect(near.events).toEqual(EXPECTED);
  expect(far.events).toEqual(EXPECTED);
});

test("so are those of calls by adapters", async () => {
  const { observer, events } = recorder();
  await using served = await serveSsh(handlers, { observer });
  await served.ssh.run("GET /it");
  await served.ssh.run("STORE /it");
  expect(events).toEqual(EXPECTED);
});

test("help marks deprecated methods in its list, and describe has them in its JSON", async () => {
  const { notes } = CONTRACT.resources;
  const GET = { ...notes?.methods.GET, deprecated: "use search" };
  const resources = { ...CONTRACT.resources, notes: { ...notes, methods: { ...notes?.methods, GET } } };
  const contract = { ...CONTRACT, resources } as typeof CONTRACT;
  const all = notesHandlers();
  await using served = await serveSsh({ ...all, api: { ...all.api, contract: async () => contract } });
  const help = async (command: string) => (await served.ssh.run(command)).stdout;
  const lines = (await help("help")).split("\n");
  expect(lines.filter((line) => line.includes("(deprecated)"))).toEqual([
    expect.stringMatching(/^ {2}GET \/notes +\(deprecated\) Lists notes\.$/),
  ]);
  expect(await help("help GET /notes")).toMatch(/\n {2}deprecated: use search\n/);
});
