import { describe, expect, test } from "vitest";
import { checkAnswer, checkRequest } from "../../../../runtime/src/codec/check.js";
import { describeIssues, issuesOf } from "../../../../runtime/src/codec/issues.js";
import type { ValidationError, Validator } from "../../../../runtime/src/contract/method.js";
import { RpcError } from "../../../../runtime/src/contract/rpc-error.js";

const refusing = (...errors: ValidationError[]): Validator => Object.assign(() => false, { errors });
const complaint = (instancePath: string, keyword: string, params = {}, message?: string): ValidationError => ({
  instancePath,
  keyword,
  params,
  ...(message !== undefined && { message }),
});

describe("issues", () => {
  test("name what is missing or unknown by its path", () => {
    const validator = refusing(
      complaint("/note", "required", { missingProperty: "text" }),
      complaint("", "additionalProperties", { additionalProperty: "a/b~c" }),
      complaint("/x/0", "unevaluatedProperties", { unevaluatedProperty: "y" }),
    );
    expect(issuesOf(validator)).toEqual([
      { path: "/note/text", keyword: "required", message: "is required" },
      { path: "/a~1b~0c", keyword: "additionalProperties", message: "is no known property" },
      { path: "/x/0/y", keyword: "unevaluatedProperties", message: "is no known property" },
    ]);
  });

  test("say which values would do", () => {
    const validator = refusing(
      complaint("/a", "enum", { allowedValues: ["x", 1, null] }),
      complaint("/b", "const", { allowedValue: "y" }),
      complaint("/c", "minLength", { limit: 1 }, "must NOT have fewer than 1 characters"),
      complaint("", "type"),
    );
    expect(describeIssues(issuesOf(validator))).toBe(
      '/a must be one of "x", 1, null; /b must be "y"; /c must NOT have fewer than 1 characters; the value type',
    );
  });

  test("are ten at most, and none where the validator left none", () => {
    expect(
      issuesOf(refusing(...Array.from({ length: 50 }, (_, index) => complaint(`/${index}`, "type")))),
    ).toHaveLength(10);
    expect(issuesOf(Object.assign(() => false, { errors: null }))).toEqual([]);
  });
});

describe("checking", () => {
  const failure = (check: () => void): RpcError => {
    try {
      check();
    } catch (error) {
      if (error instanceof RpcError) return error;
    }
    throw new Error("it passed");
  };
  const validator = refusing(complaint("/id", "type", {}, "must be integer"));

  test("a request that does not fit is BAD_REQUEST, with its issues as details", () => {
    expect(failure(() => checkRequest({ id: "x" }, validator, "GET /a"))).toMatchObject({
      status: "BAD_REQUEST",
      method: "GET /a",
      message: "/id must be integer",
      details: { issues: [{ path: "/id", keyword: "type", message: "must be integer" }] },
    });
  });

  test("an answer that does not fit is INTERNAL, for the fault is the server's", () => {
    expect(failure(() => checkAnswer({}, validator, "response", "GET /a"))).toMatchObject({
      status: "INTERNAL",
      message: "the response does not fit the contract: /id must be integer",
    });
  });

  test("a value nested deeper than the stack goes is BAD_REQUEST", () => {
    const recursive: Validator = (value) => !Array.isArray(value) || value.every((item) => recursive(item));
    let deep: unknown = [];
    for (let depth = 0; depth < 100_000; depth++) deep = [deep];
    expect(failure(() => checkRequest(deep, recursive, "GET /a"))).toMatchObject({
      status: "BAD_REQUEST",
      message: "the value is nested too deeply",
    });
  });

  test("a validator's own fault is not hidden", () => {
    const broken: Validator = () => {
      throw new TypeError("broken");
    };
    expect(() => checkRequest({}, broken, "GET /a")).toThrow(TypeError);
  });
});
