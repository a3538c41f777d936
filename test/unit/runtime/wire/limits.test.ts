import type { Limits } from "sshrpc/server";
import { inMemory } from "sshrpc/testing";
import { expect, test } from "vitest";
import { handlersOf } from "../support/server.js";

// test/docs/defaults.test.ts has the defaults.
const serveWith = (limits: Partial<Limits>) => inMemory(handlersOf([], {}), { limits });

test("a limit that is undefined has its default", () => {
  expect(() => serveWith({ calls: undefined } as unknown as Partial<Limits>)).not.toThrow();
});

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])("rejects the value %s by name", (value) => {
  expect(() => serveWith({ calls: value as number })).toThrow(
    `option limits.calls: ${value} is not an integer from 1 to 2147483647`,
  );
});

test("rejects a value of another type without showing it: it may be secret", () => {
  expect(() => serveWith({ calls: "8" as unknown as number })).toThrow(
    "option limits.calls: invalid type string; it takes an integer from 1 to 2147483647",
  );
});

test("rejects an unknown limit with the nearest name, and lists those that are known", () => {
  expect(() => serveWith({ messages: 1 } as never)).toThrow(
    'unknown limit "messages", did you mean "message"?; known limits: message, depth, values, ',
  );
  expect(() => serveWith({ toString: 1 } as never)).toThrow('unknown limit "toString"; known limits: message, ');
});

test.each([
  ["noise", "bytesBeforePreamble"],
  ["hello", "helloTimeout"],
  ["growth", "windowGrowth"],
  ["queue", "queuedCalls"],
  ["backlog", "sendHighWaterMark"],
])("answers the former name limits.%s with limits.%s", (former, name) => {
  expect(() => serveWith({ [former]: 1 })).toThrow(`limits.${former} was renamed to limits.${name}`);
});
