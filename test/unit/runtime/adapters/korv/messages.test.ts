import { describe, expect, test } from "vitest";
import { formatRequest } from "../../../../../runtime/src/adapters/korv/format-request.js";
import { formatError, formatResponse } from "../../../../../runtime/src/adapters/korv/format-response.js";
import { errorOf, parseResponse, requestIdIn } from "../../../../../runtime/src/adapters/korv/parse-response.js";
import { RpcError } from "../../../../../runtime/src/contract/rpc-error.js";
import { any, method } from "../../support/server.js";

describe("a response to a korv client", () => {
  test("has the time, the exact id of the request, a code and a body, in compact JSON", () => {
    expect(formatResponse(1700000000.1234567, '{"msg":"hi"}')).toMatch(
      /^\{"id":\d+(\.\d+)?,"request_id":1700000000\.1234567,"code":200,"body":\{"msg":"hi"\}\}$/,
    );
  });

  test("has the body null for an unknown resource or verb", () => {
    for (const error of [new RpcError("NOT_FOUND", "x"), new RpcError("METHOD_NOT_ALLOWED", "x", { details: 1 })]) {
      const response = JSON.parse(formatError(7, error));
      expect(response).toEqual({ id: expect.any(Number), request_id: 7, code: 404, body: null });
    }
  });

  test("has the body null for NOT_FOUND of a handler, with the details beside it for our client", () => {
    const text = formatError(7, new RpcError("NOT_FOUND", "no such note", { details: { id: 3 } }));
    expect(JSON.parse(text)).toMatchObject({ code: 404, body: null });
    const response = parseResponse(Buffer.from(text));
    expect(response && errorOf(response, method("GET /it"))).toMatchObject({
      status: "NOT_FOUND",
      message: "no such note",
      details: { id: 3 },
    });
  });

  test("has the code, message and details of an error", () => {
    const failure = new RpcError("CONFLICT", "taken", { details: { id: 3 } });
    expect(JSON.parse(formatError(7, failure))).toMatchObject({
      code: 409,
      body: { message: "taken", details: { id: 3 } },
    });
  });
});

describe("a request to a korv server", () => {
  const format = (id: string, request: object) =>
    JSON.parse(formatRequest({ id: 3, method: method(id), request, mapPath: (path) => path }));

  test("has the fields of the path in the path, and the other fields in the body", () => {
    expect(format("GET /notes/{id}/of/{who}", { id: 42, who: "a b/c", deep: true })).toEqual({
      id: 3,
      verb: "GET",
      resource: "/notes/42/of/a%20b%2Fc",
      body: { deep: true },
    });
  });

  test("has all four keys, and the body null if no field is left", () => {
    expect(format("GET /hello", {})).toEqual({ id: 3, verb: "GET", resource: "/hello", body: null });
    expect(format("DELETE /notes/{id}", { id: 1 })).toEqual({
      id: 3,
      verb: "DELETE",
      resource: "/notes/1",
      body: null,
    });
  });

  test("of STORE and UPDATE has the field whose absence the server answers with an error", () => {
    for (const verb of ["STORE", "UPDATE"]) {
      expect(format(`${verb} /notes`, {})).toEqual({
        id: 3,
        verb,
        resource: "/notes",
        body: {},
        request: { body: null },
      });
    }
  });

  test("names the resource by the server's name", () => {
    const text = formatRequest({ id: 1, method: method("GET /hello"), request: {}, mapPath: (path) => path.slice(1) });
    expect(JSON.parse(text)).toMatchObject({ resource: "hello" });
  });
});

describe("a response of a korv server", () => {
  const parse = (text: string) => parseResponse(Buffer.from(text));

  test("is parsed with NaN as null, and without a body as null", () => {
    expect(parse('{"id":1.5,"request_id":2,"code":200,"body":{"x":NaN}}')).toEqual({
      requestId: 2,
      code: 200,
      body: { x: null },
    });
    expect(parse('{"request_id":2.0,"code":404}')).toEqual({ requestId: 2, code: 404, body: null });
  });

  test("is ignored without a request id", () => {
    for (const text of ['{"code":400}', "[]", "7", '{"request_id":"2","code":200}'])
      expect(parse(text)).toBeUndefined();
  });

  test("is malformed without a code", () => {
    expect(() => parse('{"request_id":2}')).toThrow("missing code");
  });

  test("has its request id at the start, where the rest is lost", () => {
    expect(requestIdIn('{"id":1700000000.5,"request_id":12,"code":200,"bo')).toBe(12);
    expect(requestIdIn('{"id": 1, "request_id": 12.0, ')).toBe(12);
    expect(requestIdIn("garbage")).toBe(0);
  });

  const decode = (code: number, body: unknown, declared?: "BAD_REQUEST" | "NOT_FOUND") =>
    errorOf({ requestId: 1, code, body }, method("GET /it", declared ? { errors: { [declared]: any } } : {}));

  test("is an error with the body's message and details, or with the body as details", () => {
    expect(decode(409, { message: "taken", details: { by: "bob" } })).toMatchObject({
      status: "CONFLICT",
      message: "taken",
      details: { by: "bob" },
    });
    expect(decode(404, { id: 7 }, "NOT_FOUND")).toMatchObject({ status: "NOT_FOUND", details: { id: 7 } });
    expect(decode(404, null)).toMatchObject({ status: "NOT_FOUND", message: "not found", details: undefined });
    expect(decode(500, { message: "boom", traceback: "File x" })).toMatchObject({
      status: "INTERNAL",
      message: "boom",
    });
  });

  test("with an unknown code is mapped by its class", () => {
    expect(decode(418, null).status).toBe("BAD_REQUEST");
    expect(decode(599, null).status).toBe("INTERNAL");
    expect(decode(302, null).status).toBe("INTERNAL");
  });

  test("of 400 has issues as details, unless the schema declares others", () => {
    expect(decode(400, { fields: ["a"] }).details).toEqual({ issues: [] });
    expect(decode(400, { fields: ["a"] }, "BAD_REQUEST").details).toEqual({ fields: ["a"] });
    const issues = [{ path: "/a", keyword: "type", message: "must be text" }];
    expect(decode(400, { message: "no", details: { issues } }).details).toEqual({ issues });
  });
});
