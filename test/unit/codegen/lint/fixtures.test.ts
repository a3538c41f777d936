import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { sshrpc } from "../../runtime/cli/run.js";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const CASES = readdirSync(`${ROOT}test/golden/cases`).map((name) => `test/golden/cases/${name}/schema/api.ts`);

test("the example schema has no findings", async () => {
  const { status, stdout } = await sshrpc(["lint", "--max-warnings", "0"], { cwd: ROOT });
  expect([status, stdout]).toEqual([0, "no findings\n"]);
});

test.each([...CASES, "test/conformance/schema/api.ts"])(
  "%s has only findings with a reason in test/lint.json",
  async (schema) => {
    const { status, stdout } = await sshrpc(["lint", schema, "--config", "test/lint.json"], { cwd: ROOT });
    expect([status, stdout]).toEqual([0, "no findings\n"]);
  },
);
