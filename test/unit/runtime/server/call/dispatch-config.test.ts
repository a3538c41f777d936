import { expect, test } from "vitest";
import { SILENT } from "../../../../../runtime/src/base/log.js";
import { dispatchConfig } from "../../../../../runtime/src/server/api-server-options.js";
import { resolveLimits } from "../../../../../runtime/src/wire/limits.js";

test("a unary call has 30 seconds, and errors tell their caller nothing, where nothing is said", () => {
  expect(dispatchConfig({ log: SILENT }, resolveLimits())).toMatchObject({
    timeout: 30_000,
    exposeErrors: false,
    metadata: 16_384,
    interceptors: [],
  });
});
