import { expect, test } from "vitest";
import { itemCost, MAX_CREDIT } from "../../../../runtime/src/wire/credit.js";
import { encodeFrame } from "../../../../runtime/src/wire/encode.js";
import { FRAME } from "../../../../runtime/src/wire/frame.js";

test("an item costs what its frame takes, so that empty ones are bounded, too", () => {
  for (const body of ["", "x", "x".repeat(1000)]) {
    expect(itemCost(body.length)).toBe(encodeFrame({ kind: FRAME.ITEM, id: 1, body }).length);
  }
});

test("the most credit is what a signed counter of 32 bits holds", () => {
  expect(MAX_CREDIT).toBe(2 ** 31 - 1);
});
