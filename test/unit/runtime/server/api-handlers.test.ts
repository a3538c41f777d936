import { bindHandlers } from "sshrpc/generated";
import { expect, test } from "vitest";
import { apiOf, method } from "../support/server.js";

const api = apiOf(
  method("GET /a", { resource: "a" }),
  method("STORE /a", { resource: "a" }),
  method("GET /b", { resource: "b" }),
);

test("an error names each handler that is missing or not a function", () => {
  expect(() => bindHandlers(api, { a: { get: () => 1, store: "x" } })).toThrow(
    "test: missing handlers: a.store (STORE /a), b.get (GET /b)",
  );
  expect(() => bindHandlers(api, {})).toThrow("a.get (GET /a), a.store (STORE /a), b.get (GET /b)");
});

test("bound handlers are returned unchanged, and those of another API are refused with its name", () => {
  const bound = bindHandlers(api, { a: { get: () => 1, store: () => 2 }, b: { get: () => 3 } });
  expect(bindHandlers(api, bound)).toBe(bound);
  expect(() => bindHandlers({ ...api, name: "other", hash: "1".repeat(64) }, bound)).toThrow(
    `wrong handlers: they implement ${api.name} ${api.version}, not other ${api.version}`,
  );
});

test("an inherited property of the object is not a handler", () => {
  const odd = apiOf(method("GET /x", { resource: "toString" }), method("GET /y", { resource: "constructor" }));
  expect(() => bindHandlers(odd, {})).toThrow("missing handlers: toString.get");
});

test("a handler is called with its object as `this`", () => {
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

test("a value that resembles bound handlers is bound like any other object", () => {
  const bound = bindHandlers(apiOf(), {});
  expect(bindHandlers(apiOf(), bound)).toBe(bound);
  for (const value of [undefined, null, {}, 1, "x", () => 0, { handlers: new Map() }, { api, handlers: {} }]) {
    expect(bindHandlers(apiOf(), value as object)).not.toBe(value);
  }
});
