import { relative } from "node:path";
import type { GenerateResult } from "./generate.js";
import { checkGenerateOptions, type GenerateOptions, resolveOptions } from "./options.js";
import { isUpToDate, writeStamp } from "./stamp.js";

/**
 * Generates once: a typed client, handler types, validators and the contract. If nothing has changed since the last run, it
 * returns before it loads the compiler.
 * @throws SchemaProblem with every problem of the schema, Error that names an invalid option
 */
export async function generate(options: GenerateOptions = {}): Promise<GenerateResult> {
  const start = performance.now();
  checkGenerateOptions(options);
  const { cwd, schema, out, declarationMap } = resolveOptions(options);
  const run = { schema, out, options: JSON.stringify([relative(cwd, schema), declarationMap]) };
  if (isUpToDate(run)) {
    const milliseconds = Math.round(performance.now() - start);
    return { out: relative(cwd, out) || ".", written: [], removed: [], milliseconds };
  }
  const started = Date.now();
  const { Generator } = await import("./generate.js");
  await using generator = new Generator(options);
  const result = await generator.run();
  writeStamp(run, generator.graph, started);
  return { ...result, milliseconds: Math.round(performance.now() - start) };
}

/** Returns what {@link generate} would do, without writing. It always runs the schema. */
export async function checkOutput(options: GenerateOptions): Promise<GenerateResult> {
  const { Generator } = await import("./generate.js");
  await using generator = new Generator(options);
  return await generator.check();
}
