import { expect, test } from "vitest";
import { overflow } from "../../../../../runtime/src/adapters/session-io/overflow.js";

test.each([
  ["1e400", "1e400"],
  [" -1.5E+309\n", "-1.5E+309"],
  ['{"a":[1,{"b":1e999}]}', "1e999"],
  ['["1e400","\\\\",1e401,1e402]', "1e401"],
  ["[1e0000309]", "1e0000309"],
  [`[1,${"1".repeat(310)}]`, "1".repeat(310)],
  [`${"1".repeat(250)}e99`, `${"1".repeat(250)}e99`],
])("finds the first number of %j that is too large", (json, number) => {
  expect(() => JSON.parse(json)).not.toThrow();
  expect(overflow(json)).toBe(number);
});

test.each(["1e308", "[1e-400,0e400]", '"1e400"', '{"1e400":1}', '["a \\" ,1e400"]', `0.${"1".repeat(400)}`, "[]"])(
  "finds no number that is too large in %j",
  (json) => {
    expect(() => JSON.parse(json)).not.toThrow();
    expect(overflow(json)).toBeUndefined();
  },
);

test("finds a number exactly where a parsed value is not finite", () => {
  const parts = ["1", "-", "e", "400", ".5", '"', ",", "\\\\", "[", "]", " ", "9".repeat(309)];
  let seed = 7;
  let checked = 0;
  for (let round = 0; round < 50_000; round++) {
    let text = "[";
    for (let length = 1 + (round % 7); length > 0; length--) {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      text += parts[(seed >> 8) % parts.length];
    }
    text += "]";
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      continue;
    }
    checked++;
    const finite = JSON.stringify([value].flat(9)).includes("null") === false;
    expect(overflow(text) === undefined, text).toBe(finite);
  }
  expect(checked).toBeGreaterThan(500);
});
