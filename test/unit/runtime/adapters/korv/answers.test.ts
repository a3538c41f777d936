import { describe, expect, test } from "vitest";
import { formatAnswer, formatFailure } from "../../../../../runtime/src/adapters/korv/format-answer.js";
import { formatRequest } from "../../../../../runtime/src/adapters/korv/format-request.js";
import { failureOf, parseAnswer, requestIdIn } from "../../../../../runtime/src/adapters/korv/parse-answer.js";
import { RpcError } from "../../../../../runtime/src/contract/rpc-error.js";
import { any, method } from "../../support/server.js";

describe("an answer to a korv client", () => {
  test("has the time, the request's id with every digit, a code and a body, in compact JSON", () => {
    expect(formatAnswer(1700000000.1234567, 200, { msg: "hi" })).toMatch(
      /^\{"id":\d+(\.\d+)?,"request_id":1700000000\.1234567,"code":200,"body":\{"msg":"hi"\}\}$/,
    );
  });

  test("has no body where there is no such resource, or verb", () => {
    for (const error of [new RpcError("NOT_FOUND", "x"), new RpcError("METHOD_NOT_ALLOWED", "x", { details: 1 })]) {
      const answer = JSON.parse(formatFailure(7, error));
      expect(answer).toEqual({ id: expect.any(Number), request_id: 7, code: 404, body: null });
    }
  });

  test("has no body for a 404 of a handler, either, whose details our client still finds", () => {
    const text = formatFailure(7, new RpcError("NOT_FOUND", "no such note", { details: { id: 3 } }));
    expect(JSON.parse(text)).toMatchObject({ code: 404, body: null });
    const answer = parseAnswer(Buffer.from(text));
    expect(answer && failureOf(answer, method("GET /it"))).toMatchObject({
      status: "NOT_FOUND",
      message: "no such note",
      details: { id: 3 },
    });
  });

  test("tells an error's code, message and details", () => {
    const failure = new RpcError("CONFLICT", "taken", { details: { id: 3 } });
    expect(JSON.parse(formatFailure(7, failure))).toMatchObject({
      code: 409,
      body: { message: "taken", details: { id: 3 } },
    });
  });
});

describe("a request to a korv server", () => {
  const format = (id: string, request: object) => JSON.parse(formatRequest(3, method(id), request, (path) => path));

  test("has the fields of the path in the path, and the others in the body", () => {
    expect(format("GET /notes/{id}/of/{who}", { id: 42, who: "a b/c", deep: true })).toEqual({
      id: 3,
      verb: "GET",
      resource: "/notes/42/of/a%20b%2Fc",
      body: { deep: true },
    });
  });

  test("has all four keys, and a body of null where there is nothing to say", () => {
    expect(format("GET /hello", {})).toEqual({ id: 3, verb: "GET", resource: "/hello", body: null });
    expect(format("DELETE /notes/{id}", { id: 1 })).toEqual({
      id: 3,
      verb: "DELETE",
      resource: "/notes/1",
      body: null,
    });
  });

  test("of STORE and UPDATE has what spares it the server's needless complaint", () => {
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

  test("names the resource as the server does", () => {
    const text = formatRequest(1, method("GET /hello"), {}, (path) => path.slice(1));
    expect(JSON.parse(text)).toMatchObject({ resource: "hello" });
  });
});

describe("an answer of a korv server", () => {
  const parse = (text: string) => parseAnswer(Buffer.from(text));

  test("is read with NaN, and without a body", () => {
    expect(parse('{"id":1.5,"request_id":2,"code":200,"body":{"x":NaN}}')).toEqual({
      requestId: 2,
      code: 200,
      body: { x: null },
    });
    expect(parse('{"request_id":2.0,"code":404}')).toEqual({ requestId: 2, code: 404, body: null });
  });

  test("is none where it names no request", () => {
    for (const text of ['{"code":400}', "[]", "7", '{"request_id":"2","code":200}'])
      expect(parse(text)).toBeUndefined();
  });

  test("is malformed without a code", () => {
    expect(() => parse('{"request_id":2}')).toThrow("without a code");
  });

  test("tells whose it is by its beginning, where the rest is lost", () => {
    expect(requestIdIn('{"id":1700000000.5,"request_id":12,"code":200,"bo')).toBe(12);
    expect(requestIdIn('{"id": 1, "request_id": 12.0, ')).toBe(12);
    expect(requestIdIn("garbage")).toBe(0);
  });

  const failure = (code: number, body: unknown, declared?: "BAD_REQUEST" | "NOT_FOUND") =>
    failureOf({ requestId: 1, code, body }, method("GET /it", declared ? { errors: { [declared]: any } } : {}));

  test("is an error with the body's message and details, or with the body as details", () => {
    expect(failure(409, { message: "taken", details: { by: "bob" } })).toMatchObject({
      status: "CONFLICT",
      message: "taken",
      details: { by: "bob" },
    });
    expect(failure(404, { id: 7 }, "NOT_FOUND")).toMatchObject({ status: "NOT_FOUND", details: { id: 7 } });
    expect(failure(404, null)).toMatchObject({ status: "NOT_FOUND", message: "not found", details: undefined });
    expect(failure(500, { message: "boom", traceback: "File x" })).toMatchObject({
      status: "INTERNAL",
      message: "boom",
    });
  });

  test("with a code that nobody knows counts by its class", () => {
    expect(failure(418, null).status).toBe("BAD_REQUEST");
    expect(failure(599, null).status).toBe("INTERNAL");
    expect(failure(302, null).status).toBe("INTERNAL");
  });

  test("that refuses the request has the issues that callers are promised, unless the schema says otherwise", () => {
    expect(failure(400, { fields: ["a"] }).details).toEqual({ issues: [] });
    expect(failure(400, { fields: ["a"] }, "BAD_REQUEST").details).toEqual({ fields: ["a"] });
    const issues = [{ path: "/a", keyword: "type", message: "must be text" }];
    expect(failure(400, { message: "no", details: { issues } }).details).toEqual({ issues });
  });
});
