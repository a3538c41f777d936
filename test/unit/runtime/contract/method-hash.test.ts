import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { type Contract, type MethodContract, methodHashes, type ResourceContract } from "sshrpc/contract";
import { describe, expect, test } from "vitest";

const BASE: MethodContract = {
  kind: "unary",
  idempotent: true,
  request: {
    type: "object",
    properties: { id: { type: "integer" }, tag: { $ref: "#/types/Tag" } },
    required: ["id", "tag"],
  },
  response: { $ref: "#/types/Note" },
  errors: { NOT_FOUND: { type: "object" } },
};
const TYPES: Contract["types"] = {
  Note: { type: "object", properties: { next: { $ref: "#/types/Note" }, tag: { $ref: "#/types/Tag" } } },
  Tag: { type: "string", enum: ["a", "b"] },
};

function hash(change: Partial<MethodContract> = {}, types = TYPES, path = "/notes"): string | undefined {
  const resources: Record<string, ResourceContract> = { note: { path, methods: { GET: { ...BASE, ...change } } } };
  return methodHashes({ types }, resources).get(`GET ${path}`);
}

describe("the hash of a method", () => {
  test.each<[string, Partial<MethodContract>]>([
    ["its description", { description: "Reads." }],
    ["its deprecation", { deprecated: "use another" }],
    ["its scope", { scope: "notes:read" }],
    ["its timeout", { timeout: 5000 }],
    ["notes in a schema", { errors: { NOT_FOUND: { type: "object", description: "gone", examples: [1], "x-id": 1 } } }],
    [
      "the order of properties and of required names",
      {
        request: {
          required: ["tag", "id"],
          properties: { tag: { $ref: "#/types/Tag" }, id: { type: "integer" } },
          type: "object",
        },
      },
    ],
  ])("does not depend on %s", (_, change) => {
    expect(hash(change)).toBe(hash());
  });

  test("does not depend on the names of types, nor on types that it does not use", () => {
    const renamed: Contract["types"] = {
      Memo: { type: "object", properties: { next: { $ref: "#/types/Memo" }, tag: { $ref: "#/types/Label" } } },
      Label: { type: "string", enum: ["b", "a"], title: "Label" },
      Unused: { type: "null" },
    };
    const request = {
      type: "object",
      properties: { id: { type: "integer" }, tag: { $ref: "#/types/Label" } },
      required: ["id", "tag"],
    };
    expect(hash({ request, response: { $ref: "#/types/Memo" } }, renamed)).toBe(hash());
  });

  test.each<[string, Partial<MethodContract>]>([
    ["its kind", { kind: "server-streaming" }],
    ["idempotency", { idempotent: false }],
    ["its request", { request: { type: "object" } }],
    ["its response", { response: { $ref: "#/types/Tag" } }],
    ["an error", { errors: { NOT_FOUND: { type: "string" } } }],
    ["a further error", { errors: { NOT_FOUND: { type: "object" }, CONFLICT: { type: "object" } } }],
    ["no errors", { errors: {} }],
    ["a request stream", { requestStream: "bytes" }],
    ["the items of its response stream", { responseStream: { type: "string" } }],
    ["a property that is named as a note", { request: { type: "object", properties: { title: { type: "string" } } } }],
  ])("depends on %s", (_, change) => {
    expect(hash(change)).not.toBe(hash());
  });

  test("depends on its path, and on types that it refers to through others", () => {
    expect(hash({}, TYPES, "/notes/all")).not.toBe(hash());
    expect(hash({}, { ...TYPES, Tag: { type: "string", enum: ["a"] } })).not.toBe(hash());
  });

  test("tells apart a request and a response of the same types", () => {
    const one = { request: { $ref: "#/types/Note" }, response: { $ref: "#/types/Tag" } };
    const other = { request: { $ref: "#/types/Tag" }, response: { $ref: "#/types/Note" } };
    expect(hash(one)).not.toBe(hash(other));
  });

  test("ends for circular types, and differs for any two different enumerations", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.json(), { minLength: 1 }), fc.uniqueArray(fc.json(), { minLength: 1 }), (a, b) => {
        const same = JSON.stringify(a.toSorted()) === JSON.stringify(b.toSorted());
        expect(hash({ request: { enum: a } }) === hash({ request: { enum: b } })).toBe(same);
      }),
      { numRuns: 100 },
    );
  });

  test("takes less than a second for 1,000 methods that all use 200 types", () => {
    const get = { ...BASE, request: { $ref: "#/types/T0" } };
    const resources = Object.fromEntries(
      Array.from({ length: 1000 }, (_, index) => [`r${index}`, { path: `/r${index}`, methods: { GET: get } }]),
    );
    const field = { type: "string", maxLength: 100, description: "a text" };
    const types = Object.fromEntries(
      Array.from({ length: 200 }, (_, index) => {
        const fields = Array.from({ length: 10 }, (_, number) => [`field${number}`, field]);
        const next = { $ref: `#/types/T${(index + 1) % 200}` };
        return [`T${index}`, { type: "object", properties: { ...Object.fromEntries(fields), next } }];
      }),
    );
    const before = process.cpuUsage();
    expect(methodHashes({ types: { ...TYPES, ...types } }, resources).size).toBe(1000);
    const { user, system } = process.cpuUsage(before);
    expect(user + system).toBeLessThan(1_000_000);
  });
});

test("the example of PROTOCOL.md has its text and its hash", () => {
  const page = readFileSync(new URL("../../../../PROTOCOL.md", import.meta.url), "utf8");
  const [, text = ""] = /^ {2}`(\{"method":.*\})`$/m.exec(page) ?? [];
  const [, digits] = /^ {2}`([0-9a-f]{32})`/m.exec(page) ?? [];
  expect(createHash("sha256").update(text).digest("hex").slice(0, 32)).toBe(digits);
  const response = { $ref: "#/types/Note" };
  const request = {
    type: "object",
    required: ["id"],
    properties: { id: { type: "integer", description: "Its number." } },
  };
  const types = { Note: { type: "object", properties: { id: { type: "integer" }, reply: response } } };
  const errors = { NOT_FOUND: { type: "null" } };
  const method = { kind: "unary", idempotent: true, scope: "notes:read", request, response, errors } as const;
  const resources = { note: { path: "/notes/{id}", methods: { GET: method } } };
  expect(methodHashes({ types }, resources)).toEqual(new Map([["GET /notes/{id}", digits]]));
});
