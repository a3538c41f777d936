import { describe, expect, test } from "vitest";
import { checkOptions } from "../../../../runtime/src/base/check-options.js";

const known = {
  maxConnections: true,
  verifyPassword: true,
  penalties: { authFail: true, noAuth: true },
  korv: { calls: true },
} as const;

describe("checkOptions", () => {
  test.each([
    [{}],
    [{ maxConnections: 1, verifyPassword: undefined }],
    [{ penalties: { noAuth: 1 } }],
    [{ penalties: false, korv: true }],
    [{ penalties: null }],
  ])("accepts %o", (options) => {
    expect(() => checkOptions(options, known)).not.toThrow();
  });

  test.each([
    [{ maxConections: 1 }, 'unknown option "maxConections" (did you mean "maxConnections"?)'],
    [{ maxConections: undefined }, 'unknown option "maxConections" (did you mean "maxConnections"?)'],
    [{ passwords: () => true }, 'option "passwords" was renamed to "verifyPassword"'],
    [{ penalties: { left: 1 } }, 'option "penalties.left" was renamed to "penalties.noAuth"'],
    [{ penalties: { noauth: 1 } }, 'unknown option "penalties.noauth" (did you mean "penalties.noAuth"?)'],
    [{ korv: { frobnicate: 1 } }, 'unknown option "korv.frobnicate"; known options: calls'],
    [{ frobnicate: 1 }, 'unknown option "frobnicate"; known options: maxConnections, verifyPassword, penalties, korv'],
    [
      { constructor: 1 },
      'unknown option "constructor"; known options: maxConnections, verifyPassword, penalties, korv',
    ],
    [
      JSON.parse('{ "__proto__": 1 }'),
      'unknown option "__proto__"; known options: maxConnections, verifyPassword, penalties, korv',
    ],
    [
      { "a\u001b[31m": 1 },
      'unknown option "a\\u{1b}[31m"; known options: maxConnections, verifyPassword, penalties, korv',
    ],
  ])("refuses %o", (options, message) => {
    expect(() => checkOptions(options, known)).toThrow(new Error(message));
  });

  test("suggests a new name only where this object has it", () => {
    expect(() => checkOptions({ passwords: 1 }, { timeout: true })).toThrow(
      new Error('unknown option "passwords"; known options: timeout'),
    );
  });
});
