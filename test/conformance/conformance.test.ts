import { afterAll, expect, test } from "vitest";
import { IS_FULL } from "../rounds.js";
import { sshrpc } from "../unit/runtime/cli/run.js";
import { SEED } from "../unit/runtime/wire/random.js";
import { describeEveryKind } from "./every-kind.js";
import { describeExactlyOnce } from "./exactly-once.js";
import { Matrix } from "./matrix.js";
import { describeResume } from "./resume.js";
import { inMemory, inPieces, overSsh, randomSize } from "./setups.js";
import { describeConformance } from "./suite.js";
import { describeUploads } from "./uploads.js";
import { describeWrongAnswers, rawInMemory, rawOverSsh } from "./wrong-answers.js";

test("the generated files of this suite are current", async () => {
  const paths = ["--schema", "test/conformance/schema/api.ts", "--out", "test/conformance/generated"];
  const { status, stderr } = await sshrpc(["gen", "--check", ...paths], { cwd: process.cwd() });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

const matrix = new Matrix();
const seed = `(TEST_SEED=${SEED})`;

for (const [name, start, options] of [
  ["in memory", inMemory, {}],
  ["over SSH", overSsh, {}],
  ["in memory, one byte at a time", inPieces(inMemory, () => 1), { soak: false, large: false }],
  [`in memory, in random pieces ${seed}`, inPieces(inMemory, randomSize(3000)), { soak: IS_FULL }],
  // The pieces are of the frames, as in memory.
  ...(IS_FULL
    ? ([[`over SSH, in random pieces ${seed}`, inPieces(overSsh, randomSize(3000)), { soak: false }]] as const)
    : []),
] as const) {
  describeConformance(name, start, options);
  describeEveryKind(name, start, matrix, options);
  describeExactlyOnce(name, start);
  describeResume(name, start);
  describeUploads(name, start);
}

describeWrongAnswers("in memory", rawInMemory, matrix);
describeWrongAnswers("over SSH", rawOverSsh, matrix);

afterAll(() => {
  console.log(`${matrix}`);
});
