import { defineConfig } from "vitest/config";
import { products } from "./test/products.js";
import { SlowFirst } from "./test/slow-first.js";
import { endStalledRuns } from "./test/stall-reporter.js";

export default defineConfig({
  plugins: [products(), endStalledRuns()],
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/fail-on-warnings.ts"],
    // Only a failing test waits so long: on a busy machine, what takes a second elsewhere may take ten.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } },
    // Many wait for processes, or for time to pass: four at once keep two processors busy.
    maxWorkers: 4,
    sequence: { sequencer: SlowFirst },
    // One process runs many files and loads the sources once. Tests restore what they change in their process.
    isolate: false,
    coverage: {
      provider: "v8",
      // Also files that no test loads.
      include: ["runtime/src/**", "codegen/src/**"],
      reporter: ["text-summary", "html", "json-summary"],
    },
    // Other type errors are for `npm run types`.
    typecheck: { enabled: true, include: ["test/types/**/*.test-d.ts"], tsconfig: "test/types/tsconfig.json" },
  },
});
