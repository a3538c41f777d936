import { describe, expect, test } from "vitest";
import { checkAnswer, checkRequest } from "../../../../runtime/src/codec/check.js";
import { describeIssues, issuesOf } from "../../../../runtime/src/codec/issues.js";
import type { ValidationError, Validator } from "../../../../runtime/src/contract/method.js";
import { RpcError } from "../../../../runtime/src/contract/rpc-error.js";

const rejecting = (...errors: ValidationError[]): Validator => Object.assign(() => false, { errors });
const validationError = (instancePath: string, keyword: string, params = {}, message?: string): ValidationError => ({
  instancePath,
  keyword,
  params,
  ...(message !== undefined && { message }),
});

describe("issues", () => {
  test("name a missing or unknown property by its path", () => {
    const validator = rejecting(
      validationError("/note", "required", { missingProperty: "text" }),
      validationError("", "additionalProperties", { additionalProperty: "a/b~c" }),
      validationError("/x/0", "unevaluatedProperties", { unevaluatedProperty: "y" }),
    );
    expect(issuesOf(validator)).toEqual([
      { path: "/note/text", keyword: "required", message: "is required" },
      { path: "/a~1b~0c", keyword: "additionalProperties", message: "unknown property" },
      { path: "/x/0/y", keyword: "unevaluatedProperties", message: "unknown property" },
    ]);
  });

  test("list the allowed values", () => {
    const validator = rejecting(
      validationError("/a", "enum", { allowedValues: ["x", 1, null] }),
      validationError("/b", "const", { allowedValue: "y" }),
      validationError("/c", "minLength", { limit: 1 }, "must NOT have fewer than 1 characters"),
      validationError("", "type"),
    );
    expect(describeIssues(issuesOf(validator))).toBe(
      '/a must be one of "x", 1, null; /b must be "y"; /c must NOT have fewer than 1 characters; the value type',
    );
  });

  test("separate an unknown property by a colon", () => {
    const validator = rejecting(validationError("", "additionalProperties", { additionalProperty: "foo" }));
    expect(describeIssues(issuesOf(validator))).toBe("/foo: unknown property");
  });

  test("name the types of a value that may have several", () => {
    const errors = [
      validationError("/a", "type", { type: ["string", "number", "null"] }, "must be string,number,null"),
    ];
    expect(describeIssues(issuesOf(rejecting(...errors)))).toBe("/a must be string, number or null");
  });

  test("leave out properties that a part with a fault of its own would have declared", () => {
    const unknown = validationError("/a", "unevaluatedProperties", { unevaluatedProperty: "name" });
    expect(issuesOf(rejecting(unknown))).toHaveLength(1);
    expect(describeIssues(issuesOf(rejecting(validationError("/a/name", "type", {}, "must be string"), unknown)))).toBe(
      "/a/name must be string",
    );
  });

  test("are at most ten, and none where the validator reports none", () => {
    expect(
      issuesOf(rejecting(...Array.from({ length: 50 }, (_, index) => validationError(`/${index}`, "type")))),
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
    throw new Error("the check passed");
  };
  const validator = rejecting(validationError("/id", "type", {}, "must be integer"));

  test("an invalid request is BAD_REQUEST with the issues as details", () => {
    expect(failure(() => checkRequest({ id: "x" }, validator, "GET /a"))).toMatchObject({
      status: "BAD_REQUEST",
      method: "GET /a",
      message: "/id must be integer",
      details: { issues: [{ path: "/id", keyword: "type", message: "must be integer" }] },
    });
  });

  test("an invalid answer is INTERNAL, because the fault is the server's", () => {
    expect(failure(() => checkAnswer({}, validator, "response", "GET /a"))).toMatchObject({
      status: "INTERNAL",
      message: "the response does not match the schema: /id must be integer",
    });
  });

  test("a value nested deeper than the stack is BAD_REQUEST", () => {
    const recursive: Validator = (value) => !Array.isArray(value) || value.every((item) => recursive(item));
    let deep: unknown = [];
    for (let depth = 0; depth < 100_000; depth++) deep = [deep];
    expect(failure(() => checkRequest(deep, recursive, "GET /a"))).toMatchObject({
      status: "BAD_REQUEST",
      message: "the value is nested too deeply",
    });
  });

  test("an exception of a validator is thrown on", () => {
    const broken: Validator = () => {
      throw new TypeError("broken");
    };
    expect(() => checkRequest({}, broken, "GET /a")).toThrow(TypeError);
  });
});
