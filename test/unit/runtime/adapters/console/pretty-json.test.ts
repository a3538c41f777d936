import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { prettyJson } from "../../../../../runtime/src/adapters/console/pretty-json.js";

const VALUE = { id: 1, text: "a note", tags: ["x", "y"], nested: { deep: [true, null, 2.5] }, none: [], empty: {} };

test.each([10, 20, 40, 80, 200])("keeps the value of JSON at %d columns, with colors", (columns) => {
  expect(JSON.parse(prettyJson(VALUE, columns, "plain"))).toEqual(VALUE);
  expect(stripVTControlCharacters(prettyJson(VALUE, columns, "color"))).toBe(prettyJson(VALUE, columns, "plain"));
});

test("prints what fits on one line, and wraps the rest", () => {
  expect(prettyJson(VALUE, 200, "plain")).toBe(
    '{ "id": 1, "text": "a note", "tags": ["x", "y"], "nested": { "deep": [true, null, 2.5] }, "none": [], "empty": {} }',
  );
  for (const columns of [30, 50, 80]) {
    const widths = prettyJson(VALUE, columns, "plain")
      .split("\n")
      .map((line) => line.replace(/,$/, "").length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(columns);
  }
});

test("prints a value that is nested very deep", () => {
  let value: unknown = 1;
  for (let depth = 0; depth < 3000; depth++) value = [value];
  expect(prettyJson(value, 80, "color").replace(/[^1]/g, "").length).toBeGreaterThan(0);
});
