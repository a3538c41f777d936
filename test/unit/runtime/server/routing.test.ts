import type { ParamType } from "sshrpc/contract";
import { inMemory } from "sshrpc/testing";
import { afterAll, describe, expect, test } from "vitest";
import { RawPeer } from "../../../support/raw-peer.js";
import { type AnyHandler, handlersOf, method } from "../support/server.js";

const echo: AnyHandler = (request, ctx) => ({ method: ctx.method, request });
const METHODS = [
  method("GET /notes"),
  method("STORE /notes"),
  method("GET /notes/{id}", { params: { id: "integer" } }),
  method("DELETE /notes/{id}", { params: { id: "integer" } }),
  method("GET /files/{name}/{flag}/{size}", { params: { name: "string", flag: "boolean", size: "number" } }),
  method("GET /odd/{constructor}", { params: { constructor: "string" } as never }),
  method("GET /texts/{id}", { params: { id: "string" } }),
  ...(["integer", "number", "boolean", "string"] as const).map((type) =>
    method(`GET /${type}/{value}`, { params: { value: type } }),
  ),
];
const server = inMemory(handlersOf(METHODS, Object.fromEntries(METHODS.map(({ id }) => [id, echo]))));
const peers: RawPeer[] = [];

afterAll(async () => {
  for (const { duplex } of peers) duplex.destroy();
  await server.close();
});

/** Calls a method by a reference, with this request, and resolves with the status. */
async function call(reference: string, request: unknown = {}) {
  const peer = new RawPeer(await server.open());
  peers.push(peer);
  const { code, body } = await peer.hello([reference]).open(1, JSON.stringify(request)).status();
  return { code, ...(body as { message?: string; details?: unknown; method?: string; request?: unknown }) };
}

describe("a method is found", () => {
  test("by its id; the request then contains every field", async () => {
    expect(await call("GET /notes/{id}", { id: 1 })).toMatchObject({ method: "GET /notes/{id}", request: { id: 1 } });
    expect(await call("STORE /notes", { text: "x" })).toMatchObject({ method: "STORE /notes", request: { text: "x" } });
  });

  test("by a matching path, whose parameters become request fields of their types", async () => {
    expect(await call("DELETE /notes/42")).toMatchObject({ method: "DELETE /notes/{id}", request: { id: 42 } });
    expect((await call("GET /files/a%20b/true/1.5")).request).toEqual({ name: "a b", flag: true, size: 1.5 });
    expect((await call("GET /odd/x")).request).toEqual({ constructor: "x" });
  });

  test("by a path that contains a space", async () => {
    expect((await call("GET /files/my file/false/0")).request).toEqual({ name: "my file", flag: false, size: 0 });
    expect((await call("GET /notes more")).code).toBe(404);
  });

  test("with a parameter of the wrong type as text, for validation to refuse", async () => {
    expect((await call("GET /notes/abc")).request).toEqual({ id: "abc" });
  });

  test.each([
    ["/texts/42", "42"],
    ["/texts/a%20b", "a b"],
    ["/texts/a b", "a b"],
    ["/texts/a%2Fb", "a/b"],
    ["/texts/%E2%98%BA", "☺"],
    ["/texts/%7Bid%7D", "{id}"],
    ["/texts/..", ".."],
  ])("by the path %s, whose parameter is the text %j", async (path, id) => {
    expect(await call(`GET ${path}`)).toMatchObject({ code: 200, request: { id } });
  });

  test.each<[string, ParamType, unknown]>([
    ["42", "integer", 42],
    ["-7", "integer", -7],
    ["1.5", "number", 1.5],
    ["1e3", "number", 1000],
    ["042", "integer", "042"],
    [" 1", "integer", " 1"],
    ["%20", "integer", " "],
    ["0x10", "integer", "0x10"],
    ["NaN", "number", "NaN"],
    ["Infinity", "number", "Infinity"],
    ["1_000", "number", "1_000"],
    ["true", "boolean", true],
    ["false", "boolean", false],
    ["True", "boolean", "True"],
    ["1", "boolean", "1"],
    ["42", "string", "42"],
  ])("with the parameter %j, of type %s, as %j", async (text, type, value) => {
    expect(await call(`GET /${type}/${text}`)).toMatchObject({ code: 200, request: { value } });
  });
});

describe("a reference is refused", () => {
  test.each(["GET /nowhere", "GET /notes/1/2", "GET notes", "GET", "", "GET ", "GET  /notes", "/notes"])(
    "with NOT_FOUND if %j names no resource",
    async (reference) => {
      expect((await call(reference)).code).toBe(404);
    },
  );

  test.each(["/texts", "/texts/", "/texts/1/2", "texts/1", "/text/1", "/texts/%", "/texts/%FF", ""])(
    "with NOT_FOUND if the path %j does not match",
    async (path) => {
      expect((await call(`GET ${path}`)).code).toBe(404);
    },
  );

  test.each([
    ["UPDATE /notes", "/notes: unsupported verb UPDATE; supported: GET, STORE", ["GET", "STORE"]],
    ["UPDATE /notes/42", "/notes/42: unsupported verb UPDATE; supported: GET, DELETE", ["GET", "DELETE"]],
    ["STORE /notes/{id}", "/notes/{id}: unsupported verb STORE; supported: GET, DELETE", ["GET", "DELETE"]],
    ["get /notes", "/notes: unsupported verb get; supported: GET, STORE", ["GET", "STORE"]],
    [" /notes", "/notes: unsupported verb ; supported: GET, STORE", ["GET", "STORE"]],
  ])("with METHOD_NOT_ALLOWED and the supported verbs for %j", async (reference, message, verbs) => {
    expect(await call(reference)).toEqual({ code: 405, message, details: { verbs } });
  });

  test("with a message that cuts a long name", async () => {
    for (const reference of [`GET /${"x".repeat(8000)}`, `${"x".repeat(8000)} /notes`]) {
      expect((await call(reference)).message?.length).toBeLessThan(300);
    }
  });
});

test("a server refuses to start if a method has no handler", () => {
  expect(() => inMemory(handlersOf([method("GET /a")], {}))).toThrow("test: missing handler: GET /a");
});
