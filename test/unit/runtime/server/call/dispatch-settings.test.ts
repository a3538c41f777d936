import { expect, test } from "vitest";
import { SILENT } from "../../../../../runtime/src/base/log.js";
import { dispatchSettings } from "../../../../../runtime/src/server/call/dispatch-settings.js";
import { resolveLimits } from "../../../../../runtime/src/wire/limits.js";

test("a unary call has 30 seconds, and errors tell their caller nothing, where nothing is said", () => {
  expect(dispatchSettings({ log: SILENT }, resolveLimits())).toMatchObject({
    timeout: 30_000,
    exposeErrors: false,
    metadata: 16_384,
    interceptors: [],
  });
});
