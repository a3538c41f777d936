import { getHeapStatistics } from "node:v8";
import { expect, test } from "vitest";
import { DEFAULT_LIMITS, resolveLimits } from "../../../../runtime/src/wire/limits.js";

test("uses the default of limits that are missing or undefined", () => {
  expect(resolveLimits()).toEqual(DEFAULT_LIMITS);
  expect(resolveLimits({ calls: 7, message: undefined } as unknown as Partial<typeof DEFAULT_LIMITS>)).toEqual({
    ...DEFAULT_LIMITS,
    calls: 7,
  });
});

test("has the defaults that docs/limits.md lists", () => {
  expect(resolveLimits()).toEqual({
    message: 4_194_304,
    depth: 100,
    values: 500_000,
    metadata: 16_384,
    calls: 1024,
    serverCalls: 16_384,
    bytes: 268_435_456,
    serverBytes: Math.min(2 ** 31 - 1, Math.floor(getHeapStatistics().heap_size_limit / 12)),
    handlerGrace: 5_000,
    stuckHandlers: 1_024,
    cancels: 1000,
    queuedCalls: 65_536,
    window: 262_144,
    windowGrowth: 16_777_216,
    connectionWindow: 16_777_216,
    sendHighWaterMark: 1_048_576,
    bytesBeforePreamble: 65_536,
    helloTimeout: 10_000,
  });
});

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])("rejects the value %s by name", (value) => {
  expect(() => resolveLimits({ calls: value as number })).toThrow(
    `option limits.calls: ${value} is not an integer from 1 to 2147483647`,
  );
});

test("rejects a value of another type without showing it: it may be secret", () => {
  expect(() => resolveLimits({ calls: "8" as unknown as number })).toThrow(
    "option limits.calls: invalid type string; it takes an integer from 1 to 2147483647",
  );
});

test("rejects an unknown limit with the nearest name, and lists those that are known", () => {
  expect(() => resolveLimits({ messages: 1 } as never)).toThrow(
    'unknown limit "messages", did you mean "message"?; known limits: message, depth, values, ',
  );
  expect(() => resolveLimits({ toString: 1 } as never)).toThrow('unknown limit "toString"; known limits: message, ');
});

test.each([
  ["noise", "bytesBeforePreamble"],
  ["hello", "helloTimeout"],
  ["growth", "windowGrowth"],
  ["queue", "queuedCalls"],
  ["backlog", "sendHighWaterMark"],
])("answers the former name limits.%s with limits.%s", (former, name) => {
  expect(() => resolveLimits({ [former]: 1 })).toThrow(`limits.${former} was renamed to limits.${name}`);
});
