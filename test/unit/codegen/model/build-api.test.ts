import { Type } from "typebox";
import { expect, test } from "vitest";
import { Problems } from "../../../../codegen/src/base/problem.js";
import { contractOf } from "../../../../codegen/src/emit/contract/contract-of.js";
import { typescriptNaming } from "../../../../codegen/src/emit/typescript/naming.js";
import type { ApiModel } from "../../../../codegen/src/model/api-model.js";
import { buildApi } from "../../../../codegen/src/model/build-api.js";
import type { Hint } from "../../../../codegen/src/model/hint.js";
import { Bytes } from "../../../../runtime/src/contract/bytes.js";

/** A source without any information. */
const NOWHERE: Hint = {
  at: { file: "api.ts", line: 1, column: 1 },
  doc: {},
  exported: undefined,
  child: () => NOWHERE,
};

function modelOf(resources: object, callbacks: object = {}): ApiModel {
  const problems = new Problems();
  const api = { name: "test", version: "1.0.0", resources, callbacks };
  const model = buildApi({ api, hint: NOWHERE, exported: new Map() }, { rules: typescriptNaming, problems });
  problems.throwIfAny();
  if (model === undefined) throw new Error("no model");
  return model;
}

test("the kind of a method follows from the streams that it has", () => {
  const line = Type.Object({ text: Type.String() });
  const model = modelOf({
    a: { GET: { response: line } },
    b: { GET: { responseStream: line, response: Type.Integer() } },
    c: { STORE: { requestStream: Bytes, response: line } },
    d: { UPDATE: { requestStream: line, responseStream: Bytes } },
  });
  expect(model.resources.map(({ methods }) => methods[0]?.kind)).toEqual([
    "unary",
    "server-streaming",
    "client-streaming",
    "bidirectional",
  ]);
  const { resources } = contractOf(model);
  expect(resources["c"]?.methods.STORE).toMatchObject({ requestStream: "bytes", kind: "client-streaming" });
  expect(resources["d"]?.methods.UPDATE).toMatchObject({ requestStream: { type: "object" }, responseStream: "bytes" });
  expect(resources["d"]?.methods.UPDATE).not.toHaveProperty("response");
});

test("callbacks have the same model as resources", () => {
  const model = modelOf({ a: { GET: { response: Type.Null() } } }, { progress: { STORE: { response: Type.Null() } } });
  expect(model.callbacks).toMatchObject([
    { name: "progress", path: "/progress", methods: [{ id: "STORE /progress" }] },
  ]);
  expect(contractOf(model).callbacks).toHaveProperty("progress.methods.STORE.kind", "unary");
});

test("a method is idempotent according to its verb unless the schema overrides it", () => {
  const response = Type.Null();
  const [a, b] = modelOf({
    a: { GET: { response }, STORE: { response }, UPDATE: { response }, DELETE: { response } },
    b: { GET: { response, idempotent: false }, STORE: { response, idempotent: true } },
  }).resources;
  expect(a?.methods.map(({ idempotent }) => idempotent)).toEqual([true, false, true, true]);
  expect(b?.methods.map(({ idempotent }) => idempotent)).toEqual([false, true]);
});

test("path parameters have the types of the request's fields, also through intersections and unions", () => {
  const ref = Type.Object({ id: Type.Integer() });
  const params = (path: string, request: object) =>
    modelOf({ a: { path, GET: { request, response: Type.Null() } } }).resources[0]?.methods[0]?.params;
  expect(params("/a/{id}", ref)).toEqual({ id: "integer" });
  expect(params("/a/{id}/{x}", Type.Intersect([ref, Type.Object({ x: Type.Boolean() })]))).toEqual({
    id: "integer",
    x: "boolean",
  });
  expect(params("/a/{id}", Type.Union([ref, Type.Object({ id: Type.Integer(), b: Type.Null() })]))).toEqual({
    id: "integer",
  });
  expect(params("/a/{id}", Type.Object({ id: Type.Enum(["a", "b"]) }))).toEqual({ id: "string" });
});

test("a request is optional if it accepts the empty object", () => {
  const optional = (request: object | undefined) =>
    modelOf({ a: { GET: { request, response: Type.Null() } } }).resources[0]?.methods[0]?.requestOptional;
  expect(optional(undefined)).toBe(true);
  expect(optional(Type.Object({ a: Type.Optional(Type.String()) }))).toBe(true);
  expect(optional(Type.Object({ a: Type.String() }))).toBe(false);
  expect(optional(Type.Union([Type.String(), Type.Object({})]))).toBe(true);
  expect(optional(Type.String())).toBe(false);
  expect(optional(Type.Unknown())).toBe(false);
});

test("a problem without a known position is reported at the nearest known one", () => {
  expect(() => modelOf({ a: { GET: { response: Type.BigInt() } } })).toThrow(
    "api.ts:1:1: resources.a.GET.response: JSON cannot carry bigint",
  );
});
