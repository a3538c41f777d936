import { mergeConfig } from "vitest/config";
import base from "../../vitest.config.js";

// The configuration of the tests, and a record of the lines that each test file executes.
export default mergeConfig(base, {
  root: process.cwd(),
  test: {
    setupFiles: ["scripts/mutation/record-coverage.js"],
    typecheck: { enabled: false },
    // Each test file loads the sources itself: in a shared process, only the first one would execute the constants of a module.
    isolate: true,
  },
});
