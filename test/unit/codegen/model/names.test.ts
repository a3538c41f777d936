import { fullFormats } from "ajv-formats/dist/formats.js";
import { expect, test } from "vitest";
import { FORMATS } from "../../../../codegen/src/model/formats.js";
import { camelCase, isIdentifier, pascalCase, pascalStatus } from "../../../../codegen/src/model/names.js";

test.each([
  ["notes", "notes", "Notes"],
  ["people-list", "peopleList", "PeopleList"],
  ["people_list", "peopleList", "PeopleList"],
  ["PeopleList", "peopleList", "PeopleList"],
  ["URL", "url", "URL"],
  ["größe", "größe", "Größe"],
  ["v2", "v2", "V2"],
])("the resource %s is called %s in code, and its types begin with %s", (name, camel, pascal) => {
  expect(camelCase(name)).toBe(camel);
  expect(pascalCase(name)).toBe(pascal);
});

test("a status gives the end of a type's name", () => {
  expect(pascalStatus("NOT_FOUND")).toBe("NotFound");
});

test("what begins with a digit, or is empty, is no identifier", () => {
  expect(["a1", "_a", "$a", "größe"].every(isIdentifier)).toBe(true);
  expect(["1a", "", "a-b", "a b"].some(isIdentifier)).toBe(false);
});

test("the formats that a schema may name are those that validators check", () => {
  const slow = ["url"];
  expect([...FORMATS, ...slow].sort()).toEqual(Object.keys(fullFormats).sort());
});
