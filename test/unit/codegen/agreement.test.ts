import fc from "fast-check";
import Type, { type TSchema } from "typebox";
import Value from "typebox/value";
import { expect, test } from "vitest";
import { rounds } from "../../rounds.js";
import { typeSource } from "../../support/schema/arbitrary-type.js";
import { type GeneratedSchema, generateInMemory } from "../../support/schema/in-memory-schema.js";
import { randomFrom, sampleValue } from "../../support/schema/sample-value.js";

/** The same in every run; another one finds others: SSHRPC_TEST_SEED. */
const SEED = Number(process.env["SSHRPC_TEST_SEED"] ?? 14);

const evaluate = (source: string): TSchema => new Function("Type", `return ${source};`)(Type);

/** The types that codegen accepts, and what it generates for each. */
function sampleTypes(count: number): readonly { source: string; type: TSchema; generated: GeneratedSchema }[] {
  return fc.sample(typeSource, { numRuns: count, seed: SEED }).flatMap((source) => {
    const type = evaluate(source);
    const generated = generateInMemory(type);
    return "open" in generated ? [{ source, type, generated }] : [];
  });
}

test("validators and TypeBox's Value.Check agree on random types and values", { timeout: 600_000 }, () => {
  const disagreements: string[] = [];
  let accepted = 0;
  let checked = 0;
  const types = sampleTypes(rounds(200) * 30);
  for (const [index, { source, type, generated }] of types.entries()) {
    const random = randomFrom(SEED + index);
    for (let round = 0; round < 30; round += 1) {
      const isClean = round % 2 === 0;
      const value = sampleValue(type, { random, noise: isClean ? 0 : 0.1 });
      const expected = Value.Check(type, value);
      const [open, closed] = [generated.open(value), generated.closed(value)];
      checked += 1;
      if (expected) accepted += 1;
      // A request has no unknown properties; the values without noise have none.
      const isClosedRight = closed ? expected : !expected || !isClean;
      if (open !== expected || !isClosedRight) {
        disagreements.push(`${source}\n  ${JSON.stringify(value)}: Check ${expected}, open ${open}, closed ${closed}`);
        break;
      }
    }
  }
  expect(disagreements.slice(0, 5).join("\n")).toBe("");
  expect(accepted / checked).toBeGreaterThan(0.3);
});
