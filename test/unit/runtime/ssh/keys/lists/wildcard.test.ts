import { expect, it } from "vitest";
import { matchesPatternList, matchesWildcard } from "../../../../../../runtime/src/ssh/keys/lists/wildcard.js";

it.each([
  ["edge", "edge", true],
  ["edge", "xedge", false],
  ["edge", "edgex", false],
  ["edge", "edg", false],
  ["edge", "", false],
  ["", "edge", false],
  ["", "", true],
  ["*edge", "xedge", true],
  ["*edge", "edgex", false],
  ["edge*", "edge", true],
  ["edge*", "edgex", true],
  ["edge*", "xedge", false],
  ["?edge", "xedge", true],
  ["?edge", "edge", false],
  ["*.edge", ".edge", true],
  ["*.edge", "edge", false],
  ["e*g*", "edge", true],
  ["e*g", "edge", false],
  ["e.ge", "edge", false],
  ["*", "", true],
])("%j and %j match: %j", (pattern, text, isMatch) => {
  expect(matchesWildcard(pattern, text)).toBe(isMatch);
  expect(matchesPatternList(pattern, text)).toBe(isMatch);
});

it("a matching negated pattern overrides the others, in any position", () => {
  expect(matchesPatternList("edge*,!edge2", "edge1")).toBe(true);
  expect(matchesPatternList("edge*,!edge2", "edge2")).toBe(false);
  expect(matchesPatternList("!edge2,edge*", "edge2")).toBe(false);
  expect(matchesPatternList("!edge2", "edge1")).toBe(false);
});
