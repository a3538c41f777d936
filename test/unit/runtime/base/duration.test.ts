import { expect, test } from "vitest";
import { parseDuration } from "../../../../runtime/src/base/duration.js";

test.each([
  ["0", 0],
  ["500", 500],
  ["500ms", 500],
  ["2s", 2000],
  ["1.5m", 90_000],
  ["1h", 3_600_000],
  ["1d", 86_400_000],
  ["2147483647", 2_147_483_647],
])("%s is %d milliseconds", (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

test.each([
  "",
  "s",
  "soon",
  "-1s",
  "+1s",
  " 1s",
  "1 s",
  "1S",
  "1w",
  "1e3",
  ".5s",
  "1.s",
  "010s",
  "00",
  "01.5m",
  "25d",
  "2147483648",
  "9".repeat(300),
])("rejects the duration %j", (text) => {
  expect(parseDuration(text)).toBeUndefined();
});
