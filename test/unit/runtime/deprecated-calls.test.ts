import type { CallEvent, Observer } from "sshrpc/client";
import { type Client, connectApi } from "sshrpc/generated";
import { inMemory } from "sshrpc/testing";
import { expect, test } from "vitest";
import { Catalog } from "../../../runtime/src/adapters/catalog/catalog.js";
import { helpText } from "../../../runtime/src/adapters/catalog/help-text.js";
import { ApiServer } from "../../../runtime/src/server/api-server.js";
import { CONTRACT, NOTES } from "./adapters/notes-server.js";
import { ALICE, apiOf, handlersOf, method, TestLog } from "./support/server.js";

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
  const server = new ApiServer(handlers, { log: new TestLog(), observer });
  await server.call("GET /it", {}, { peer: ALICE }).response;
  await server.call("STORE /it", {}, { peer: ALICE }).response;
  expect(events).toEqual(EXPECTED);
});

test("help marks deprecated methods in its list, and describe has them in its JSON", async () => {
  const { notes } = CONTRACT.resources;
  const GET = { ...notes?.methods.GET, deprecated: "use search" };
  const resources = { ...CONTRACT.resources, notes: { ...notes, methods: { ...notes?.methods, GET } } };
  const contract = { ...CONTRACT, resources } as typeof CONTRACT;
  const catalog = new Catalog({ ...NOTES, contract: async () => contract }, { user: "alice", scopes: ["*"] });
  const lines = (await helpText([], catalog)).split("\n");
  expect(lines.filter((line) => line.includes("(deprecated)"))).toEqual([
    expect.stringMatching(/^ {2}GET \/notes +\(deprecated\) Lists notes\.$/),
  ]);
  expect(await helpText(["GET", "/notes"], catalog)).toMatch(/\n {2}deprecated: use search\n/);
});
