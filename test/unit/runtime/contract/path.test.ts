import { parsePath, pathParams, pathsOverlap } from "sshrpc/contract";
import { describe, expect, test } from "vitest";

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
  ])("is rejected if it is %j, and the message quotes it", (template, reason) => {
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
