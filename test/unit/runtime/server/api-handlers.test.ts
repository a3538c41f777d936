import { expect, test } from "vitest";
import { bindHandlers, isApiHandlers } from "../../../../runtime/src/server/api-handlers.js";
import { apiOf, method } from "../support/server.js";

const api = apiOf(
  method("GET /a", { resource: "a" }),
  method("STORE /a", { resource: "a" }),
  method("GET /b", { resource: "b" }),
);

test("every handler that is missing, or is no function, is named", () => {
  expect(() => bindHandlers(api, { a: { get: () => 1, store: "x" } })).toThrow(
    "test: missing handlers: a.store (STORE /a), b.get (GET /b)",
  );
  expect(() => bindHandlers(api, {})).toThrow("a.get (GET /a), a.store (STORE /a), b.get (GET /b)");
});

test("handlers that are bound already are served as they are, and those of another API are refused by its name", () => {
  const bound = bindHandlers(api, { a: { get: () => 1, store: () => 2 }, b: { get: () => 3 } });
  expect(bindHandlers(api, bound)).toBe(bound);
  expect(() => bindHandlers({ ...api, name: "other", hash: "1".repeat(64) }, bound)).toThrow(
    `wrong handlers: they implement ${api.name} ${api.version}, not other ${api.version}`,
  );
});

test("what every object inherits is no handler", () => {
  const odd = apiOf(method("GET /x", { resource: "toString" }), method("GET /y", { resource: "constructor" }));
  expect(() => bindHandlers(odd, {})).toThrow("missing handlers: toString.get");
});

test("a handler keeps the object that it belongs to", () => {
  class Counter {
    count = 0;
    get(): number {
      return ++this.count;
    }
    store(): number {
      return this.count;
    }
  }
  const { handlers } = bindHandlers(api, { a: new Counter(), b: { get: () => 0 } });
  handlers.get("GET /a")?.({}, undefined as never);
  expect(handlers.get("STORE /a")?.({}, undefined as never)).toBe(1);
});

test("bound handlers are told from everything else that a file may export", () => {
  expect(isApiHandlers(bindHandlers(apiOf(), {}))).toBe(true);
  for (const value of [undefined, null, {}, 1, "x", () => 0, { handlers: new Map() }, { api, handlers: {} }]) {
    expect(isApiHandlers(value)).toBe(false);
  }
});
