import { parsePath, pathParams, pathsOverlap } from "sshrpc/contract";
import { describe, expect, test } from "vitest";
import { matchPath, paramValue } from "../../../../runtime/src/contract/path.js";

describe("a path template", () => {
  test("consists of fixed text and whole parameters", () => {
    expect(parsePath("/notes/{id}/tags")).toEqual([{ text: "notes" }, { param: "id" }, { text: "tags" }]);
    expect(pathParams(parsePath("/{a}/x/{b_2}"))).toEqual(["a", "b_2"]);
  });

  test.each([
    ["notes", 'must start with "/"'],
    ["", 'must start with "/"'],
    ["/", 'invalid segment ""'],
    ["/notes/", 'invalid segment ""'],
    ["//notes", 'invalid segment ""'],
    ["/notes/{}", 'invalid segment "{}"'],
    ["/notes/{1}", 'invalid segment "{1}"'],
    ["/notes/{id", 'invalid segment "{id"'],
    ["/notes/x{id}", 'invalid segment "x{id}"'],
    ["/notes/{a-b}", 'invalid segment "{a-b}"'],
    ["/no tes", 'invalid segment "no tes"'],
    ["/nötes", 'invalid segment "nötes"'],
    ["/{id}/{id}", "{id} occurs twice"],
    ["/{__proto__}", "{__proto__}"],
  ])("is rejected where it is %j, and the message quotes it", (template, reason) => {
    expect(() => parsePath(template)).toThrow(reason);
    expect(() => parsePath(template)).toThrow(`path "${template}"`);
  });

  test.each([
    ["/notes", "/notes", true],
    ["/notes", "/hello", false],
    ["/notes/{id}", "/notes/new", true],
    ["/{a}/x", "/y/{b}", true],
    ["/{a}/x", "/{b}/y", false],
    ["/notes", "/notes/{id}", false],
  ])("%s and %s overlap: %s", (left, right, overlap) => {
    expect(pathsOverlap(parsePath(left), parsePath(right))).toBe(overlap);
    expect(pathsOverlap(parsePath(right), parsePath(left))).toBe(overlap);
  });
});

describe("matching a path", () => {
  const note = parsePath("/notes/{id}");

  test.each([
    ["/notes/42", "42"],
    ["/notes/a%20b", "a b"],
    ["/notes/a b", "a b"],
    ["/notes/a%2Fb", "a/b"],
    ["/notes/%E2%98%BA", "☺"],
    ["/notes/%7Bid%7D", "{id}"],
    ["/notes/..", ".."],
  ])("of %s returns the text %s", (path, id) => {
    expect(matchPath(note, path)).toEqual({ id });
  });

  test.each(["/notes", "/notes/", "/notes/1/2", "notes/1", "/note/1", "/notes/%", "/notes/%FF", "/notes/{id}", ""])(
    "%j does not match",
    (path) => {
      expect(matchPath(note, path)).toBeUndefined();
    },
  );
});

describe("a parameter's value", () => {
  test.each([
    ["42", "integer", 42],
    ["-7", "integer", -7],
    ["1.5", "number", 1.5],
    ["1e3", "number", 1000],
    ["042", "integer", "042"],
    ["", "integer", ""],
    [" 1", "integer", " 1"],
    ["0x10", "integer", "0x10"],
    ["NaN", "number", "NaN"],
    ["Infinity", "number", "Infinity"],
    ["1_000", "number", "1_000"],
    ["true", "boolean", true],
    ["false", "boolean", false],
    ["True", "boolean", "True"],
    ["1", "boolean", "1"],
    ["42", "string", "42"],
  ] as const)("%j as %s is %j: what is none stays text, for validation to refuse", (text, type, value) => {
    expect(paramValue(text, type)).toBe(value);
  });
});
