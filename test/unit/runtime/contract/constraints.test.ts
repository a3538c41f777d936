import { constraints, type JsonSchema } from "sshrpc/contract";
import { expect, test } from "vitest";

const TYPES: Readonly<Record<string, JsonSchema>> = {
  Tag: { type: "string", pattern: "^[a-z]+$", maxLength: 40 },
  List: { type: "array", items: { $ref: "#/types/List" }, minItems: 1 },
};

test.each<[text: string, schema: JsonSchema]>([
  ["at least 1", { type: "integer", minimum: 1 }],
  ["1 to 9, a multiple of 2", { type: "integer", minimum: 1, maximum: 9, multipleOf: 2 }],
  ["over 0, under 1", { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1 }],
  ["1 character", { type: "string", minLength: 1, maxLength: 1 }],
  ["at most 80 characters, email", { type: "string", maxLength: 80, format: "email" }],
  [
    "at least 2 items, no item twice, each at most 40 characters, matches ^[a-z]+$",
    { type: "array", items: { $ref: "#/types/Tag" }, minItems: 2, uniqueItems: true },
  ],
  ["1 to 3 keys", { type: "object", minProperties: 1, maxProperties: 3 }],
  ["at most 40 characters, matches ^[a-z]+$", { $ref: "#/types/Tag" }],
  ["at least 1 item", { $ref: "#/types/List" }],
  [
    "at most 40 characters, matches ^[a-z]+$, at least 3 characters",
    { allOf: [{ $ref: "#/types/Tag" }], minLength: 3 },
  ],
  ["", { type: "boolean" }],
])("the constraints are %j of %j", (text, schema) => {
  expect(constraints(schema, { schemaOf: (name) => TYPES[name] })).toBe(text);
});
