import { expect, test } from "vitest";
import { SILENT } from "../../../../runtime/src/base/log.js";
import { dispatchConfig } from "../../../../runtime/src/server/api-server-options.js";
import { resolveLimits } from "../../../../runtime/src/wire/limits.js";

test("by default a unary call times out after 30 s, and errors are not exposed", () => {
  expect(dispatchConfig({ log: SILENT }, resolveLimits())).toMatchObject({
    timeout: 30_000,
    exposeErrors: false,
    maxMetadata: 16_384,
    interceptors: [],
  });
});
