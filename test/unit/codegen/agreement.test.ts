import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual, promisify } from "node:util";
import fc from "fast-check";
import Type, { type TSchema } from "typebox";
import Value from "typebox/value";
import { expect, onTestFinished, test } from "vitest";
import type { CompiledValidator } from "../../../codegen/src/emit/compiled-validator.js";
import { ValidatorCompiler } from "../../../codegen/src/emit/validators/compile-validator.js";
import { AjvCompiler } from "../../../codegen/src/emit/validators/compile-with-ajv.js";
import type { SchemaOrBoolean } from "../../../codegen/src/model/schema/schema-walk.js";
import { rounds } from "../../rounds.js";
import { typeSource } from "../../support/schema/arbitrary-type.js";
import { type GeneratedSchema, generateInMemory } from "../../support/schema/in-memory-schema.js";
import { randomFrom, sampleValue } from "../../support/schema/sample-value.js";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));

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
  const types = sampleTypes(rounds(1200, 80));
  for (const [index, { source, type, generated }] of types.entries()) {
    const random = randomFrom(SEED + index);
    for (let round = 0; round < 30; round += 1) {
      const isClean = round % 2 === 0;
      const value = sampleValue(type, { random, noise: isClean ? 0 : 0.1 });
      const expected = Value.Check(type, value);
      const [open, closed] = [generated.open(value), generated.closed(value)];
      checked += 1;
      if (expected) accepted += 1;
      // A request has no unknown properties. Values without noise have none, but those of one member of a union may be valid only
      // in another one, which does not know their properties.
      const isKnown = isClean && !/Union|Index|contains/.test(source);
      const isClosedRight = closed ? expected : !expected || !isKnown;
      if (open !== expected || !isClosedRight) {
        disagreements.push(`${source}\n  ${JSON.stringify(value)}: Check ${expected}, open ${open}, closed ${closed}`);
        break;
      }
    }
  }
  expect(disagreements.slice(0, 5).join("\n")).toBe("");
  expect(accepted / checked).toBeGreaterThan(0.3);
});

/** Compiles every validator with ajv, also those that codegen prints itself. */
class ByAjv extends ValidatorCompiler {
  readonly #ajv = new AjvCompiler();

  override compile(schema: SchemaOrBoolean, evaluated: boolean): CompiledValidator {
    return this.#ajv.compile(schema, evaluated);
  }
}

test("validators report the errors of ajv, in its order, on random types and values", { timeout: 600_000 }, () => {
  const differences: string[] = [];
  let invalid = 0;
  for (const [index, { source, type, generated }] of sampleTypes(rounds(600, 40)).entries()) {
    const byAjv = generateInMemory(type, new ByAjv());
    if (!("open" in byAjv)) throw new Error(`refused: ${source}`);
    const random = randomFrom(SEED + index);
    for (let round = 0; round < 20; round += 1) {
      const value = sampleValue(type, { random, noise: round / 40 });
      for (const variant of ["open", "closed"] as const) {
        const [ours, theirs] = [generated[variant], byAjv[variant]];
        if (!ours(value)) invalid += 1;
        theirs(value);
        if (isDeepStrictEqual(ours.errors, theirs.errors)) continue;
        const errors = `${JSON.stringify(ours.errors)}, ajv: ${JSON.stringify(theirs.errors)}`;
        differences.push(`${source}\n  ${JSON.stringify(value)} ${variant}: ${errors}`);
      }
    }
  }
  expect(differences.slice(0, 5).join("\n")).toBe("");
  expect(invalid).toBeGreaterThan(rounds(1200, 80));
});

test.each<[keyword: string, type: TSchema]>([
  [
    "anyOf",
    Type.Intersect([Type.Union([Type.Record(Type.Integer(), Type.String()), Type.Object({})]), Type.Object({})]),
  ],
  [
    "oneOf",
    Type.Unsafe({
      type: "object",
      properties: { a: { type: "null" } },
      oneOf: [{ patternProperties: { "^\\d$": { type: "string" } }, required: ["1"] }, { required: ["a"] }],
    }),
  ],
  [
    "if",
    Type.Unsafe({
      type: "object",
      properties: { a: { type: "null" } },
      if: { patternProperties: { "^\\d$": { type: "string" } } },
    }),
  ],
])("a request has no property that is declared only where %s does not apply", (_keyword, type) => {
  const generated = generateInMemory(type);
  if (!("closed" in generated)) throw new Error(JSON.stringify(generated));
  expect(generated.closed({ "1": "text" })).toBe(true);
  expect(generated.closed({ "1": 0, a: null })).toBe(false);
  expect(generated.open({ "1": 0, a: null })).toBe(true);
});

test("generated types, TypeBox's Static and the accepted values agree on random types", {
  timeout: 600_000,
}, async () => {
  const types = sampleTypes(rounds(240, 60));
  const blocks = types.map(({ source, type, generated }, index) => {
    const random = randomFrom(SEED + index);
    const values = Array.from({ length: 8 }, () => sampleValue(type, { random, noise: 0 })).filter(generated.closed);
    const texts = [...new Set(values.map((value) => JSON.stringify(value)))];
    return [
      `const type${index} = ${source};`,
      `namespace Generated${index} {\n${generated.types.replace("export {};", "")}\nexport type Request = ${generated.request};\n}`,
      texts.length > 0 && hasStatic(source, generated)
        ? `export const same${index}: Same<Type.Static<typeof type${index}>, Generated${index}.Request> = true;`
        : "",
      ...texts.map((text, at) => `export const value${index}_${at}: Generated${index}.Request = ${text};`),
    ].join("\n");
  });
  const errors = await compileErrors(`import Type from "typebox";\n${SAME}\n${blocks.join("\n\n")}\n`);
  expect(errors.slice(0, 5).join("\n\n")).toBe("");
});

/** Static leaves out patterns and additional properties of objects, which the generated types have. Types without values are left out. */
function hasStatic(source: string, { types }: GeneratedSchema): boolean {
  return !/patternProperties|additionalProperties: T|Intersect\(.*Record/.test(source) && !/\bnever\b/.test(types);
}

const SAME = `type Same<Static, Generated> = [Static] extends [Generated]
  ? [Generated] extends [Static] ? true : "the generated type is wider"
  : "the generated type is narrower";`;

/** The errors of the compiler, each with the lines before it. */
async function compileErrors(text: string): Promise<readonly string[]> {
  const folder = mkdtempSync(join(REPOSITORY, "test", "unit", "codegen", ".tmp-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "agree.ts"), text);
  const compilerOptions = {
    noEmit: true,
    strict: true,
    target: "es2023",
    module: "nodenext",
    skipLibCheck: true,
    types: [],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  const tsc = join(REPOSITORY, "node_modules", "typescript", "bin", "tsc");
  const output = await promisify(execFile)(process.execPath, [tsc, "-p", folder, "--pretty", "false"]).then(
    () => "",
    (error: { readonly stdout?: string }) => String(error.stdout),
  );
  const lines = text.split("\n");
  return output.split("\n").flatMap((message) => {
    const line = Number(/agree\.ts\((\d+),/.exec(message)?.[1] ?? 0);
    if (line === 0) return [];
    const start = lines.lastIndexOf(lines.slice(0, line).findLast((one) => one.startsWith("const type")) ?? "");
    return [`${message}\n${lines.slice(start, line).join("\n")}`];
  });
}
