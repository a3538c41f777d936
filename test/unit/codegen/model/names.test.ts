import { expect, test } from "vitest";
import { isIdentifier } from "../../../../codegen/src/emit/typescript/type/literal.js";
import { camelCase, pascalCase, pascalStatus } from "../../../../codegen/src/model/names.js";

test.each([
  ["notes", "notes", "Notes"],
  ["people-list", "peopleList", "PeopleList"],
  ["people_list", "peopleList", "PeopleList"],
  ["PeopleList", "peopleList", "PeopleList"],
  ["URL", "url", "URL"],
  ["größe", "größe", "Größe"],
  ["v2", "v2", "V2"],
])("names the resource %s %s in code, with types that begin with %s", (name, camel, pascal) => {
  expect(camelCase(name)).toBe(camel);
  expect(pascalCase(name)).toBe(pascal);
});

test("a status becomes the suffix of a type name", () => {
  expect(pascalStatus("NOT_FOUND")).toBe("NotFound");
});

test("an identifier is not empty and does not begin with a digit", () => {
  expect(["a1", "_a", "$a", "größe"].every(isIdentifier)).toBe(true);
  expect(["1a", "", "a-b", "a b"].some(isIdentifier)).toBe(false);
});
