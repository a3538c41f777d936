import type { JsonSchema } from "sshrpc/contract";
import { expect, test } from "vitest";
import { constraints as inComments } from "../../../codegen/src/emit/typescript/type/constraints.js";
import { constraints as inHelp } from "../../../runtime/src/adapters/catalog/constraints.js";

const TYPES: Readonly<Record<string, JsonSchema>> = {
  Tag: { type: "string", pattern: "^[a-z]+$", maxLength: 40 },
  List: { type: "array", items: { $ref: "#/types/List" }, minItems: 1 },
};

test.each<JsonSchema>([
  { type: "integer", minimum: 1 },
  { type: "integer", minimum: 1, maximum: 9, multipleOf: 2 },
  { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1 },
  { type: "string", minLength: 1, maxLength: 1 },
  { type: "string", maxLength: 80, format: "email" },
  { type: "array", items: { $ref: "#/types/Tag" }, minItems: 2, uniqueItems: true },
  { type: "object", minProperties: 1, maxProperties: 3 },
  { $ref: "#/types/Tag" },
  { $ref: "#/types/List" },
  { allOf: [{ $ref: "#/types/Tag" }], minLength: 3 },
  { type: "boolean" },
])("a comment has the words of help for %j", (schema) => {
  const comment = inComments(schema, (name) => TYPES[name]);
  expect(comment.replaceAll("`", "")).toBe(inHelp(schema, TYPES));
});
