import { expect, test } from "vitest";
import { DEFAULT_LIMITS, resolveLimits } from "../../../../runtime/src/wire/limits.js";

test("limits that are not given, or undefined, are the defaults", () => {
  expect(resolveLimits()).toEqual(DEFAULT_LIMITS);
  expect(resolveLimits({ calls: 7, message: undefined } as unknown as Partial<typeof DEFAULT_LIMITS>)).toEqual({
    ...DEFAULT_LIMITS,
    calls: 7,
  });
});

test("the defaults are those that SECURITY.md publishes", () => {
  expect(resolveLimits()).toEqual({
    message: 4_194_304,
    metadata: 16_384,
    calls: 1024,
    serverCalls: 16_384,
    queuedCalls: 65_536,
    window: 262_144,
    windowGrowth: 16_777_216,
    sendHighWaterMark: 1_048_576,
    bytesBeforePreamble: 65_536,
    helloTimeout: 10_000,
  });
});

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, "8"])(
  "a limit of %s is refused by name",
  (value) => {
    expect(() => resolveLimits({ calls: value as number })).toThrow(
      `limits.calls is ${value}; it must be a whole number from 1 to 2147483647`,
    );
  },
);

test("a limit that does not exist is refused, and those that do are listed", () => {
  expect(() => resolveLimits({ messages: 1 } as never)).toThrow("limits.messages is no limit; there are message, ");
  expect(() => resolveLimits({ toString: 1 } as never)).toThrow("limits.toString is no limit");
});
