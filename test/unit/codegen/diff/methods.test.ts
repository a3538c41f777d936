import { type Change, diffContracts } from "@sshrpc/codegen/diff";
import type { Contract } from "sshrpc/contract";
import Type from "typebox";
import { describe, expect, test } from "vitest";
import { inMemoryContract } from "../../../support/schema/in-memory-contract.js";

const NULL = Type.Null();
const ID = Type.Object({ id: Type.Integer() });
const METHOD = { request: ID, response: NULL };
/** Another method, so that no resource is empty. */
const OTHER = { other: { GET: { response: NULL } } };

function diff(old: Contract, next: Contract): readonly Change[] {
  return diffContracts({ contract: old, complete: true }, { contract: next, complete: true });
}

/** The changes of one method. */
function methodDiff(old: object, next: object): unknown {
  return diff(inMemoryContract({ a: { GET: old } }), inMemoryContract({ a: { GET: next } })).map(shown);
}

function shown({ rule, verdict, order, witness }: Change): unknown {
  return witness === undefined ? [rule, verdict, order] : [rule, verdict, order, "witness"];
}

describe("the change of a method", () => {
  const stream = { request: ID, responseStream: ID };
  const idempotent = (is: boolean) => ({ ...METHOD, idempotent: is });
  const CONFLICT = { ...METHOD, errors: { CONFLICT: ID } };
  test.each<[string, object, object, unknown[], unknown[]]>([
    [
      "kind",
      METHOD,
      { ...METHOD, responseStream: ID },
      ["kind-changed", "breaking", "together", "witness"],
      ["kind-changed", "breaking", "together", "witness"],
    ],
    [
      "idempotency",
      idempotent(true),
      idempotent(false),
      ["idempotency-lost", "breaking", "client first", "witness"],
      ["idempotency-gained", "compatible", "server first"],
    ],
    [
      "the run of interrupted calls",
      { ...idempotent(false), onInterrupt: "run" },
      idempotent(false),
      ["rerun-lost", "breaking", "client first", "witness"],
      ["rerun-gained", "compatible", "any"],
    ],
    [
      "a scope where none was",
      METHOD,
      { ...METHOD, scope: "a:read" },
      ["scope-added", "breaking", "client first", "witness"],
      ["scope-removed", "compatible", "server first"],
    ],
    [
      "another scope",
      { ...METHOD, scope: "a:read" },
      { ...METHOD, scope: "a:write" },
      ["scope-changed", "breaking", "together", "witness"],
      ["scope-changed", "breaking", "together", "witness"],
    ],
    [
      "a lower timeout",
      { ...METHOD, timeout: 5000 },
      { ...METHOD, timeout: 1000 },
      ["timeout-lowered", "breaking", "together", "witness"],
      ["timeout-raised", "compatible", "server first"],
    ],
    [
      "a timeout of a stream that had none",
      stream,
      { ...stream, timeout: 1000 },
      ["timeout-lowered", "breaking", "together", "witness"],
      ["timeout-raised", "compatible", "server first"],
    ],
    [
      "a timeout of a unary method that had that of an option",
      METHOD,
      { ...METHOD, timeout: 1000 },
      ["timeout-lowered", "unknown", "together"],
      ["timeout-raised", "unknown", "together"],
    ],
    [
      "a new error status",
      METHOD,
      CONFLICT,
      ["error-status-added", "breaking", "client first", "witness"],
      ["error-status-removed", "source-only", "server first"],
    ],
    [
      "the response of a stream",
      { ...stream, response: ID },
      stream,
      ["response-removed", "breaking", "client first", "witness"],
      ["response-added", "compatible", "server first"],
    ],
    [
      "the documentation",
      { ...METHOD, description: "one" },
      { ...METHOD, description: "two" },
      ["documentation-changed", "source-only", "any"],
      ["documentation-changed", "source-only", "any"],
    ],
  ])("%s", (_what, old, next, forward, back) => {
    expect(methodDiff(old, next)).toEqual([forward]);
    expect(methodDiff(next, old)).toEqual([back]);
  });
});

describe("the methods of a contract", () => {
  const contract = (resources: object, more: object = {}): Contract =>
    inMemoryContract({ ...OTHER, ...resources }, more);
  const one = (changes: readonly Change[]): unknown =>
    changes.map(({ rule, verdict, method, old, new: next }) => [rule, verdict, method, old, next]);

  test("a method that is removed breaks, one that is added does not", () => {
    const [without, having] = [contract({}), contract({ a: { GET: METHOD } })];
    expect(one(diff(having, without))).toEqual([["method-removed", "breaking", "GET /a", "GET /a", undefined]]);
    expect(one(diff(without, having))).toEqual([["method-added", "compatible", "GET /a", undefined, "GET /a"]]);
  });

  test("a path that changes is recognized by the resource and the verb", () => {
    const at = (path: string) => contract({ a: { path, GET: METHOD } });
    expect(one(diff(at("/a/{id}"), at("/b/{id}")))).toEqual([
      ["path-changed", "breaking", "GET /a/{id}", "GET /a/{id}", "GET /b/{id}"],
    ]);
  });

  test("a rename of resource and path, and of the verb, is recognized by equal types", () => {
    const named = (name: string, verb = "GET") => contract({ [name]: { [verb]: METHOD } });
    expect(one(diff(named("a"), named("b")))).toEqual([["method-renamed", "breaking", "GET /a", "GET /a", "GET /b"]]);
    expect(one(diff(named("a"), named("a", "UPDATE")))).toEqual([
      ["method-renamed", "breaking", "GET /a", "GET /a", "UPDATE /a"],
    ]);
  });

  test("methods of other types are not taken for a rename", () => {
    const next = contract({ b: { GET: { request: Type.Object({ x: Type.String() }), response: NULL } } });
    expect(diff(contract({ a: { GET: METHOD } }), next).map(({ rule }) => rule)).toEqual([
      "method-removed",
      "method-added",
    ]);
  });

  test("the name of a resource in generated code matters to sources only", () => {
    const named = (name: string) => contract({ [name]: { path: "/x", GET: METHOD } });
    expect(one(diff(named("a"), named("b")))).toEqual([["resource-renamed", "source-only", "GET /x", "a", "b"]]);
  });

  test("a name that is no longer reserved is reported", () => {
    const type = (more: Record<string, unknown>) => ({
      request: Type.Object({ id: Type.Integer() }, more),
      response: NULL,
    });
    const old = contract({ a: { GET: type({ reserved: ["b"] }), reserved: ["STORE"] } }, { reserved: ["gone", "/x"] });
    const next = contract({ a: { GET: type({}) } }, { reserved: ["/x"] });
    expect(diff(old, next).map(({ rule, verdict, method, path }) => [rule, verdict, method, path])).toEqual([
      ["reserved-name-released", "source-only", "gone", ""],
      ["reserved-name-released", "source-only", "STORE /a", ""],
      ["reserved-name-released", "source-only", "GET /a", "$.b"],
    ]);
    expect(diff(next, old)).toEqual([]);
  });

  test("a reserved resource, verb or property that is used again breaks", () => {
    const old = contract({ a: { GET: METHOD, reserved: ["STORE"] } }, { reserved: ["gone"] });
    const next = contract({ a: { GET: METHOD, STORE: METHOD }, gone: { GET: METHOD } });
    expect(one(diff(old, next))).toEqual([
      ["reserved-name-reused", "breaking", "STORE /a", undefined, "STORE /a"],
      ["reserved-name-reused", "breaking", "GET /gone", undefined, "GET /gone"],
    ]);
    const typed = (type: object) => contract({ a: { GET: { request: type, response: type } } });
    const reserved = Type.Object({ id: Type.Integer() }, { reserved: ["b"] });
    const reused = Type.Object({ id: Type.Integer(), b: Type.Optional(Type.String()) });
    expect(diff(typed(reserved), typed(reused)).map((change) => [...(shown(change) as []), change.path])).toEqual([
      ["reserved-name-reused", "breaking", "together", "witness", "$.b"],
      ["reserved-name-reused", "breaking", "together", "witness", "$.b"],
    ]);
  });

  test("streams are compared item by item, and bytes are not JSON", () => {
    const streams = (item: object) => contract({ a: { UPDATE: { requestStream: item, responseStream: item } } });
    const [integers, numbers] = [streams(Type.Integer()), streams(Type.Number())];
    expect(diff(integers, numbers).map(({ direction, verdict }) => [direction, verdict])).toEqual([
      ["request item", "compatible"],
      ["response item", "breaking"],
    ]);
  });
});

describe("callbacks are calls of the server: directions are reversed", () => {
  const contract = (type: object | undefined): Contract =>
    inMemoryContract(OTHER, type === undefined ? {} : { callbacks: { a: { GET: { request: type, response: type } } } });
  const [integers, numbers] = [contract(Type.Integer()), contract(Type.Number())];
  const verdicts = (changes: readonly Change[]): unknown =>
    changes.map(({ direction, verdict, order, isCallback }) => [direction, verdict, order, isCallback]);

  test("a wider request of a callback breaks the old client, a wider response does not arrive", () => {
    expect(verdicts(diff(integers, numbers))).toEqual([
      ["request", "breaking", "client first", true],
      ["response", "compatible", "server first", true],
    ]);
    expect(verdicts(diff(numbers, integers))).toEqual([
      ["request", "compatible", "server first", true],
      ["response", "breaking", "client first", true],
    ]);
  });

  test("a client serves no callback that it does not know, and need not", () => {
    expect(diff(contract(undefined), integers).map(shown)).toEqual([["callback-added", "compatible", "any"]]);
    expect(diff(integers, contract(undefined)).map(shown)).toEqual([["callback-removed", "source-only", "any"]]);
  });
});

describe("a server that shows a part of its contract", () => {
  const part = inMemoryContract(OTHER);
  const whole = inMemoryContract({ ...OTHER, a: { GET: METHOD } });

  test("a method that the new one lacks is unknown, never removed", () => {
    const [change] = diffContracts({ contract: whole, complete: true }, { contract: part, complete: false });
    expect(change).toMatchObject({ method: "GET /a", verdict: "unknown" });
    expect(change?.reason).toContain("the key may lack the scope");
  });

  test("a method that the old one lacks is unknown, too", () => {
    const [change] = diffContracts({ contract: part, complete: false }, { contract: whole, complete: true });
    expect(change).toMatchObject({ method: "GET /a", verdict: "unknown", rule: "method-added" });
  });
});
