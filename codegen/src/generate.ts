import { relative, resolve, sep } from "node:path";
import { Problems, SchemaProblem } from "./base/problem.js";
import { emitAll } from "./emit/emit-all.js";
import { ValidatorCompiler } from "./emit/validators/compile-validator.js";
import { guardExit } from "./exit-guard.js";
import { SchemaLoader } from "./load/load-schema.js";
import type { SourceGraph } from "./load/source-graph.js";
import { buildApi } from "./model/build-api.js";
import type { GenerateOptions } from "./options.js";
import { type OutputPlan, planOutput, writeOutput } from "./write.js";

/** What a run did, or, where it only checked, what it would have done. */
export interface GenerateResult {
  /** The folder, as messages print it. */
  readonly out: string;
  /** The names of the files that were written. */
  readonly written: readonly string[];
  /** The names of the files that were removed, because nothing generates them any more. */
  readonly removed: readonly string[];
  /** How long it took, in milliseconds. */
  readonly milliseconds: number;
}

/** See {@link GenerateOptions.loadTimeout}. */
const LOAD_TIMEOUT = 10_000;

/** Generates again and again from one schema, and keeps what is warm in between. Runs must not overlap. */
export class Generator {
  readonly #loader: SchemaLoader;
  readonly #compiler = new ValidatorCompiler();
  readonly #cwd: string;
  readonly #schema: string;
  readonly #out: string;
  readonly #extension: string;

  constructor(options: GenerateOptions = {}) {
    this.#cwd = resolve(options.cwd ?? ".");
    this.#schema = resolve(this.#cwd, options.schema ?? "schema/api.ts");
    this.#out = resolve(this.#cwd, options.out ?? "generated");
    const extension = options.importExtension ?? "js";
    this.#extension = extension === "none" ? "" : `.${extension}`;
    this.#loader = new SchemaLoader(this.#schema, this.#cwd, options.loadTimeout ?? LOAD_TIMEOUT);
  }

  /** The files that the last run read or looked for, whether or not it succeeded. */
  get graph(): SourceGraph {
    return this.#loader.graph;
  }

  /**
   * Generates and writes what changed. A run that fails leaves the folder as it was.
   * @throws SchemaProblem with everything that is wrong with the schema
   */
  run(): Promise<GenerateResult> {
    return this.#run((files, plan) => writeOutput(this.#out, files, plan));
  }

  /** Tells what {@link run} would do, and writes nothing. */
  check(): Promise<GenerateResult> {
    return this.#run(() => {});
  }

  #run(carryOut: (files: ReadonlyMap<string, string>, plan: OutputPlan) => void): Promise<GenerateResult> {
    return guardExit(this.#schemaName, () => this.#generate(carryOut));
  }

  async #generate(carryOut: (files: ReadonlyMap<string, string>, plan: OutputPlan) => void): Promise<GenerateResult> {
    const start = performance.now();
    const files = await this.#emit();
    const plan = await planOutput(this.#out, files);
    carryOut(files, plan);
    return {
      out: relative(this.#cwd, this.#out) || ".",
      written: plan.changed,
      removed: plan.stale,
      milliseconds: Math.round(performance.now() - start),
    };
  }

  async #emit(): Promise<ReadonlyMap<string, string>> {
    const source = await this.#loader.load();
    const problems = new Problems();
    const model = buildApi(source, problems);
    problems.throwIfAny();
    if (model === undefined) throw new SchemaProblem([]);
    return emitAll(model, { schema: this.#schemaName, extension: this.#extension }, this.#compiler);
  }

  get #schemaName(): string {
    return relative(this.#cwd, this.#schema).split(sep).join("/");
  }
}

/**
 * Generates once: a typed client, handler types, validators and the contract.
 * @throws SchemaProblem with everything that is wrong with the schema
 */
export function generate(options: GenerateOptions = {}): Promise<GenerateResult> {
  return new Generator(options).run();
}
