import { describe, expect, test } from "vitest";
import { parseRequest } from "../../../../../runtime/src/adapters/korv/parse-request.js";

const parse = (text: string) => parseRequest(Buffer.from(text));
const invalid = (id: number | string, message: string) =>
  expect.objectContaining({ id, error: expect.objectContaining({ code: 400, message }) });

describe("a korv request", () => {
  test("has a verb, a resource and a body", () => {
    expect(parse('{"id":1700000000.25,"verb":"GET","resource":"/notes/42","body":{"a":1}}')).toEqual({
      id: 1700000000.25,
      reference: "GET /notes/42",
      body: { a: 1 },
    });
  });

  test("may omit the slash, and the body of GET and DELETE", () => {
    expect(parse('{"id":1,"verb":"GET","resource":"hello"}')).toEqual({ id: 1, reference: "GET /hello", body: {} });
    expect(parse('{"id":1,"verb":"DELETE","resource":"a/b","body":null}')).toMatchObject({ reference: "DELETE /a/b" });
  });

  test.each([
    ['{"verb":"GET","resource":"/hello","body":null}', 0, "Missing 'id'"],
    ["{}", 0, "Missing 'id'"],
    ['{"id":5,"resource":"/hello","body":null}', 5, "Missing 'verb'"],
    ['{"id":5}', 5, "Missing 'verb'"],
    ['{"id":5,"verb":"GET"}', 5, "Missing 'resource'"],
    ['{"id":5,"verb":"STORE","resource":"/notes"}', 5, "Missing 'body'"],
    ['{"id":5,"verb":"UPDATE","resource":"/notes"}', 5, "Missing 'body'"],
    ['{"id":5,"verb":7,"resource":"/notes"}', 5, "'verb' and 'resource' must be strings"],
    ["[]", 0, "invalid request: not a JSON object"],
    ["null", 0, "invalid request: not a JSON object"],
  ])("is refused with its first error: %s", (text, id, message) => {
    expect(parse(text)).toEqual(invalid(id, message));
  });

  test.each(["NaN", "null", "{}", "[1]", "true", "1e300", "1e400", "9007199254740993", `"${"x".repeat(257)}"`])(
    "is refused with the id %s, which no response could repeat",
    (id) => {
      expect(parse(`{"id":${id},"verb":"GET","resource":"/hello"}`)).toMatchObject({ id: 0, error: { code: 400 } });
    },
  );

  test("with an unknown verb is METHOD_NOT_ALLOWED", () => {
    expect(parse('{"id":5,"verb":"PATCH","resource":"/hello"}')).toMatchObject({
      id: 5,
      error: { status: "METHOD_NOT_ALLOWED" },
    });
  });

  test("with invalid JSON is refused with the id 0", () => {
    expect(parse("{")).toMatchObject({ id: 0, error: { code: 400 } });
  });
});
