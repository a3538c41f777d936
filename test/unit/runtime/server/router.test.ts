import { RpcError } from "sshrpc/server";
import { describe, expect, test } from "vitest";
import { Router } from "../../../../runtime/src/server/router.js";
import { handlersOf, method } from "../support/server.js";

const methods = [
  method("GET /notes"),
  method("STORE /notes"),
  method("GET /notes/{id}", { params: { id: "integer" } }),
  method("DELETE /notes/{id}", { params: { id: "integer" } }),
  method("GET /files/{name}/{flag}/{size}", { params: { name: "string", flag: "boolean", size: "number" } }),
  method("GET /odd/{constructor}", { params: { constructor: "string" } as never }),
];
const router = new Router(handlersOf(methods, Object.fromEntries(methods.map(({ id }) => [id, () => id]))));

const refusal = (reference: string): RpcError => {
  try {
    router.resolve(reference);
  } catch (error) {
    if (error instanceof RpcError) return error;
  }
  throw new Error(`${reference} was found`);
};

describe("the router finds a method", () => {
  test("by its id; the request then contains every field", () => {
    expect(router.resolve("GET /notes/{id}")).toMatchObject({ method: methods[2], params: undefined });
    expect(router.resolve("STORE /notes").method).toBe(methods[1]);
  });

  test("by a matching path, whose parameters become request fields of their types", () => {
    expect(router.resolve("DELETE /notes/42")).toMatchObject({ method: methods[3], params: { id: 42 } });
    expect(router.resolve("GET /files/a%20b/true/1.5").params).toEqual({ name: "a b", flag: true, size: 1.5 });
    expect(router.resolve("GET /odd/x").params).toEqual({ constructor: "x" });
  });

  test("by a path that contains a space", () => {
    expect(router.resolve("GET /files/my file/false/0").params).toEqual({ name: "my file", flag: false, size: 0 });
    expect(refusal("GET /notes more").status).toBe("NOT_FOUND");
  });

  test("and leaves a parameter of the wrong type as text, for validation to refuse", () => {
    expect(router.resolve("GET /notes/abc").params).toEqual({ id: "abc" });
  });
});

describe("the router refuses a reference", () => {
  test.each(["GET /nowhere", "GET /notes/1/2", "GET notes", "GET", "", "GET ", " /notes", "GET  /notes", "/notes"])(
    "with NOT_FOUND where %j names no resource",
    (reference) => {
      expect(refusal(reference).status).toBe(reference === " /notes" ? "METHOD_NOT_ALLOWED" : "NOT_FOUND");
    },
  );

  test.each([
    ["UPDATE /notes", "/notes: unsupported verb UPDATE; supported: GET, STORE", ["GET", "STORE"]],
    ["UPDATE /notes/42", "/notes/42: unsupported verb UPDATE; supported: GET, DELETE", ["GET", "DELETE"]],
    ["STORE /notes/{id}", "/notes/{id}: unsupported verb STORE; supported: GET, DELETE", ["GET", "DELETE"]],
    ["get /notes", "/notes: unsupported verb get; supported: GET, STORE", ["GET", "STORE"]],
  ])("with METHOD_NOT_ALLOWED and the supported verbs for %s", (reference, message, verbs) => {
    expect(refusal(reference)).toMatchObject({ status: "METHOD_NOT_ALLOWED", message, details: { verbs } });
  });

  test("and cuts a long name in the message", () => {
    expect(refusal(`GET /${"x".repeat(100_000)}`).message.length).toBeLessThan(300);
    expect(refusal(`${"x".repeat(100_000)} /notes`).message.length).toBeLessThan(300);
  });
});

test("a router refuses a method without a handler", () => {
  expect(() => new Router(handlersOf([method("GET /a")], {}))).toThrow("test: missing handler: GET /a");
});
