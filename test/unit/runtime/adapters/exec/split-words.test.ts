import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { splitWords } from "../../../../../runtime/src/adapters/exec/split-words.js";

test.each([
  "GET /notes/42",
  "  a\tb  c ",
  "a 'b c' d",
  `"b c" 'd"e' "f'g"`,
  String.raw`a\ b \'c\" "d\"e" "f\g" 'h\i' "\\"`,
  `text='two words' x="a"b'c'`,
  "'' \"\" a''b",
  "ünï 'cödé ☃'",
])("splits %s as sh does", (line) => {
  const printed = execFileSync("sh", ["-c", `printf '%s\\n' ${line}`], { encoding: "utf8" });
  expect(splitWords(line)).toEqual(printed.slice(0, -1).split("\n"));
});

test.each([
  ['STORE /notes {"text":"hi there"}', ["STORE", "/notes", '{"text":"hi there"}']],
  ['x [1, {"a": "]"}] y', ["x", '[1, {"a": "]"}]', "y"]],
  ['tags=["a b","c"] n=1', ['tags=["a b","c"]', "n=1"]],
  ["GET /notes/{id} id=1", ["GET", "/notes/{id}", "id=1"]],
  ["a=b={1 2} ={3 4} 'c='[5, 6]", ["a=b={1", "2}", "={3", "4}", "c=[5, 6]"]],
  [String.raw`{"a":"\"}"} b`, [String.raw`{"a":"\"}"}`, "b"]],
  ["$HOME `id` $(id) | > ; & * # ~", ["$HOME", "`id`", "$(id)", "|", ">", ";", "&", "*", "#", "~"]],
])("%s: JSON is verbatim, and nothing is expanded", (line, words) => {
  expect(splitWords(line)).toEqual(words);
});

test.each([
  ["a 'b", "unclosed quote at character 3"],
  [String.raw`"a\"`, "unclosed quote at character 1"],
  ["x={[}", "unclosed JSON at character 3"],
  ["a\\", "the command ends with a backslash"],
])("%s is refused: %s", (line, message) => {
  expect(() => splitWords(line)).toThrow(message);
});

test("splits a word of brackets in linear time", () => {
  const line = `a${"{[".repeat(200_000)}`;
  expect(splitWords(line)).toEqual([line]);
});
