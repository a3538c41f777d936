import fc from "fast-check";
import type { Contract, JsonSchema } from "sshrpc/contract";
import type { Validator } from "sshrpc/generated";
import Type, { type TSchema } from "typebox";
import { expect, test } from "vitest";
import { diffContracts } from "../../../../codegen/src/diff/judge/diff-contracts.js";
import { compileSide } from "../../../../codegen/src/diff/witness/compile-sides.js";
import { rounds } from "../../../rounds.js";
import { typeSource } from "../../../support/schema/arbitrary-type.js";
import { inMemoryContract } from "../../../support/schema/in-memory-contract.js";
import { randomFrom, sampleValue } from "../../../support/schema/sample-value.js";
import { edited } from "./edit-schema.js";

/** The same in every run; another one finds others: SSHRPC_TEST_SEED. */
const SEED = Number(process.env["SSHRPC_TEST_SEED"] ?? 15);

/** How many random values contradict no verdict. */
const VALUES = 1_000;

interface Side {
  readonly contract: Contract;
  readonly schema: JsonSchema;
  readonly closed: Validator;
  readonly open: Validator;
}

function sideOf(contract: Contract): Side {
  const schema = contract.resources["a"]?.methods.STORE?.request ?? {};
  const types = new Map(Object.entries(contract.types));
  const uses = (["closed", "open"] as const).map((variant) => ({ schema, variant }));
  const [closed, open] = compileSide(types, uses) as [Validator, Validator];
  return { contract, schema, closed, open };
}

function contractFor(source: string): Contract | undefined {
  const type = new Function("Type", `return ${source};`)(Type) as TSchema;
  try {
    return inMemoryContract({ a: { STORE: { request: type, response: type } } });
  } catch {
    return undefined;
  }
}

/** A schema of the contract as one that can be sampled: with the types inside. */
function sampled({ contract, schema }: Side): unknown {
  const text = JSON.stringify({ ...schema, $defs: contract.types });
  return JSON.parse(text.replaceAll('"#/types/', '"'));
}

/** The values that contradict "compatible". */
function contradictions(old: Side, next: Side, random: () => number): readonly string[] {
  const changes = diffContracts(
    { contract: old.contract, complete: true },
    { contract: next.contract, complete: true },
  );
  const isCompatible = (direction: string): boolean =>
    changes.every((one) => one.direction !== direction || !["breaking", "unknown"].includes(one.verdict));
  const found: string[] = [];
  const [request, response] = [isCompatible("request"), isCompatible("response")];
  for (const [is, type] of [
    [request, sampled(old)],
    [response, sampled(next)],
  ] as const) {
    for (let count = 0; is && count < VALUES / 2; count += 1) {
      const value = sampleValue(type, { random, noise: count % 2 === 0 ? 0 : 0.1 });
      if (request && old.closed(value) && !next.closed(value)) found.push(`request ${JSON.stringify(value)}`);
      if (response && next.open(value)) {
        const text = next.open.projection === undefined ? JSON.stringify(value) : next.open.projection.write(value);
        const sent: unknown = JSON.parse(text ?? "null");
        if (next.open(sent) && next.closed(sent) && !old.open(sent)) found.push(`response ${text}`);
      }
    }
  }
  return found.slice(0, 1);
}

/** Compares pairs, and reports the values that contradict a verdict. Most verdicts must be decided, or they say nothing. */
function check(pairs: readonly (readonly [string, Contract, Contract])[]): void {
  const counts = { compatible: 0, breaking: 0, unknown: 0 };
  const failures = pairs.flatMap(([source, one, other], index) => {
    const changes = diffContracts({ contract: one, complete: true }, { contract: other, complete: true });
    for (const direction of ["request", "response"]) {
      const verdicts = changes.filter((change) => change.direction === direction).map(({ verdict }) => verdict);
      const worst = (["breaking", "unknown"] as const).find((verdict) => verdicts.includes(verdict));
      counts[worst ?? "compatible"] += 1;
    }
    const bare = changes.filter(({ verdict, witness }) => verdict === "breaking" && witness === undefined);
    const found = [...bare, ...contradictions(sideOf(one), sideOf(other), randomFrom(SEED + index))];
    return found.map((what) => [source, one, other, what].map((part) => JSON.stringify(part)).join("\n  "));
  });
  expect(failures.slice(0, 3).join("\n\n")).toBe("");
  expect(Math.min(counts.compatible, counts.breaking)).toBeGreaterThan(5);
  expect(counts.unknown / (counts.compatible + counts.breaking)).toBeLessThan(0.2);
}

test("no value contradicts `compatible` for a type and a random edit of it", { timeout: 600_000 }, () => {
  const sources = fc.sample(typeSource, { numRuns: rounds(1800, 100), seed: SEED });
  check(
    sources.flatMap((source, index) => {
      const contract = contractFor(source);
      if (contract === undefined) return [];
      const changed = edited(contract, randomFrom(SEED + index));
      return [[source, contract, changed] as const, [source, changed, contract] as const];
    }),
  );
});

test("no value contradicts `compatible` for two independent types", { timeout: 600_000 }, () => {
  const sources = fc.sample(fc.tuple(typeSource, typeSource), { numRuns: rounds(1200, 80), seed: SEED });
  check(
    sources.flatMap(([source, other]) => {
      const [one, two] = [contractFor(source), contractFor(other)];
      return one === undefined || two === undefined ? [] : [[`${source} ${other}`, one, two] as const];
    }),
  );
});
