import { expect, test } from "vitest";
import { Generator } from "../../codegen/src/generate.js";
import { SEED } from "../unit/runtime/wire/random.js";
import { inMemory, inPieces, overSsh, randomSize } from "./setups.js";
import { describeConformance } from "./suite.js";

test("the generated files of this suite are current", async () => {
  const paths = { schema: "test/conformance/schema/api.ts", out: "test/conformance/generated" };
  const result = await new Generator(paths).check();
  expect({ written: result.written, removed: result.removed }).toEqual({ written: [], removed: [] });
});

describeConformance("in memory", inMemory);
describeConformance("over SSH", overSsh);
describeConformance(
  "in memory, one byte at a time",
  inPieces(inMemory, () => 1),
  { soak: false },
);
describeConformance(`in memory, in random pieces (TEST_SEED=${SEED})`, inPieces(inMemory, randomSize(3000)));
describeConformance(`over SSH, in random pieces (TEST_SEED=${SEED})`, inPieces(overSsh, randomSize(3000)), {
  soak: false,
});
