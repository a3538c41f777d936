import { expect, test } from "vitest";
import { WindowBudget } from "../../../../runtime/src/wire/window-budget.js";

test("what is taken is given back before others can have it", () => {
  const budget = new WindowBudget(100);
  expect(budget.take(60)).toBe(true);
  expect(budget.take(41)).toBe(false);
  expect(budget.take(40)).toBe(true);
  budget.give(60);
  expect(budget.take(61)).toBe(false);
  expect(budget.take(60)).toBe(true);
});
