import { inMemory } from "sshrpc/testing";
import { expect, test } from "vitest";
import { handlersOf } from "../support/server.js";

// test/docs/defaults.test.ts has the default of each limit.

/** Serves with these limits. */
const use = (limits: object) => inMemory(handlersOf([], {}), { limits });

test("limits that are missing or undefined have their defaults", () => {
  expect(() => use({ calls: 7, message: undefined })).not.toThrow();
});

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])("rejects the value %s by name", (value) => {
  expect(() => use({ calls: value })).toThrow(`option limits.calls: ${value} is not an integer from 1 to 2147483647`);
});

test("rejects a value of another type without showing it: it may be secret", () => {
  expect(() => use({ calls: "8" })).toThrow(
    "option limits.calls: invalid type string; it takes an integer from 1 to 2147483647",
  );
});

test("rejects an unknown limit with the nearest name, and lists those that are known", () => {
  expect(() => use({ messages: 1 })).toThrow(
    'unknown limit "messages", did you mean "message"?; known limits: message, depth, values, ',
  );
  expect(() => use({ toString: 1 })).toThrow('unknown limit "toString"; known limits: message, ');
});

test.each([
  ["noise", "bytesBeforePreamble"],
  ["hello", "helloTimeout"],
  ["growth", "windowGrowth"],
  ["queue", "queuedCalls"],
  ["backlog", "sendHighWaterMark"],
])("answers the former name limits.%s with limits.%s", (former, name) => {
  expect(() => use({ [former]: 1 })).toThrow(`limits.${former} was renamed to limits.${name}`);
});
