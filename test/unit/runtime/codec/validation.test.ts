import type { Validator } from "sshrpc/generated";
import { afterEach, describe, expect, test } from "vitest";
import { FRAME } from "../../../support/raw-peer.js";
import { connectRaw, type RawServed, serveRaw } from "../support/server.js";
import { failure } from "../support/wait.js";

type ValidationError = NonNullable<Validator["errors"]>[number];

const rejecting = (...errors: ValidationError[]): Validator => Object.assign(() => false, { errors });
const validationError = (instancePath: string, keyword: string, params = {}, message?: string): ValidationError => ({
  instancePath,
  keyword,
  params,
  ...(message !== undefined && { message }),
});

let served: RawServed | undefined;

afterEach(async () => {
  served?.peer.duplex.destroy();
  await served?.server.close();
  served = undefined;
});

/** The status of a call whose request has this validator. */
async function statusOf(request: Validator, body = "{}", limits = {}) {
  served = await serveRaw(() => "handled", { method: { request }, limits });
  return served.peer.hello(["GET /it"]).open(1, body).status();
}

describe("an invalid request is BAD_REQUEST with its issues, which", () => {
  test("name a missing or unknown property by its path", async () => {
    const { code, body } = await statusOf(
      rejecting(
        validationError("/note", "required", { missingProperty: "text" }),
        validationError("", "additionalProperties", { additionalProperty: "a/b~c" }),
        validationError("/x/0", "unevaluatedProperties", { unevaluatedProperty: "y" }),
      ),
    );
    expect(code).toBe(400);
    expect(body.details).toEqual({
      issues: [
        { path: "/note/text", keyword: "required", message: "is required" },
        { path: "/a~1b~0c", keyword: "additionalProperties", message: "unknown property" },
        { path: "/x/0/y", keyword: "unevaluatedProperties", message: "unknown property" },
      ],
    });
  });

  test("list the allowed values", async () => {
    const { body } = await statusOf(
      rejecting(
        validationError("/a", "enum", { allowedValues: ["x", 1, null] }),
        validationError("/b", "const", { allowedValue: "y" }),
        validationError("/c", "minLength", { limit: 1 }, "must NOT have fewer than 1 characters"),
        validationError("", "type"),
      ),
    );
    expect(body.message).toBe(
      '/a must be one of "x", 1, null; /b must be "y"; /c must NOT have fewer than 1 characters; the value type',
    );
  });

  test("separate an unknown property by a colon", async () => {
    const unknown = validationError("", "additionalProperties", { additionalProperty: "foo" });
    expect((await statusOf(rejecting(unknown))).body.message).toBe("/foo: unknown property");
  });

  test("name the types of a value that may have several", async () => {
    const types = ["string", "number", "null"];
    const wrong = validationError("/a", "type", { type: types }, "must be string,number,null");
    expect((await statusOf(rejecting(wrong))).body.message).toBe("/a must be string, number or null");
  });

  test("leave out properties that a part with a fault of its own would have declared", async () => {
    const unknown = validationError("/a", "unevaluatedProperties", { unevaluatedProperty: "name" });
    expect((await statusOf(rejecting(unknown))).body.details).toMatchObject({ issues: [{}] });
    const both = rejecting(validationError("/a/name", "type", {}, "must be string"), unknown);
    expect((await statusOf(both)).body.message).toBe("/a/name must be string");
  });

  test("are at most ten, and none if the validator reports none", async () => {
    const fifty = Array.from({ length: 50 }, (_, index) => validationError(`/${index}`, "type"));
    const { details } = (await statusOf(rejecting(...fifty))).body;
    expect((details as { issues: unknown[] }).issues).toHaveLength(10);
    const none = await statusOf(Object.assign(() => false, { errors: null }));
    expect(none).toMatchObject({ code: 400, body: { details: { issues: [] } } });
  });
});

describe("a client validates", () => {
  const validator = rejecting(validationError("/id", "type", {}, "must be integer"));

  test("its request, which fails with BAD_REQUEST and is not sent", async () => {
    const { client, peer } = await connectRaw({ method: { request: validator } });
    expect(await failure(client.it.get({ id: "x" }))).toMatchObject({
      status: "BAD_REQUEST",
      method: "GET /it",
      message: "/id must be integer",
      details: { issues: [{ path: "/id", keyword: "type", message: "must be integer" }] },
    });
    await client.close();
    expect(peer.frames.some(({ kind }) => kind === FRAME.OPEN)).toBe(false);
  });

  test("the response, which fails with INTERNAL, because the fault is the server's", async () => {
    const { client, peer } = await connectRaw({ method: { response: validator } });
    const call = client.it.get();
    await peer.next(FRAME.OPEN);
    peer.answer(1, 200, "{}");
    expect(await failure(call)).toMatchObject({
      status: "INTERNAL",
      message: "the response does not match the schema: /id must be integer",
    });
    await client.close();
  });
});

test("a value nested deeper than the stack is BAD_REQUEST", async () => {
  const recursive: Validator = (value) => !Array.isArray(value) || value.every((item) => recursive(item));
  const { code, body } = await statusOf(recursive, `${"[".repeat(100_000)}${"]".repeat(100_000)}`, { depth: 200_000 });
  expect([code, body.message]).toEqual([400, "the value is nested too deeply"]);
});

test("an exception of a validator is INTERNAL, and its message goes to the log alone", async () => {
  const { code, body } = await statusOf(() => {
    throw new TypeError("broken");
  });
  expect(code).toBe(500);
  expect(body.message).not.toContain("broken");
  expect(served?.log.lines.at(-1)).toMatchObject({ level: "error", fields: { err: { message: "broken" } } });
});
