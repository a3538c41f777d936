import { mergeConfig } from "vitest/config";
import base from "../../vitest.config.js";

// The configuration of the tests, and a record of the lines that each test file executes.
export default mergeConfig(base, {
  root: process.cwd(),
  test: { setupFiles: ["scripts/mutation/record-coverage.js"], typecheck: { enabled: false } },
});
