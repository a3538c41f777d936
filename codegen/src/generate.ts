import { relative, resolve, sep } from "node:path";
import { Problems, SchemaProblem } from "./base/problem.js";
import { contractOf } from "./emit/contract/contract-of.js";
import { contractTarget } from "./emit/contract/contract-target.js";
import { MARK, type Target } from "./emit/target.js";
import { TypeScriptTarget } from "./emit/typescript/typescript-target.js";
import { guardExit } from "./exit-guard.js";
import { SchemaLoader } from "./load/load-schema.js";
import type { SourceGraph } from "./load/source-graph.js";
import { buildApi } from "./model/build-api.js";
import { combineRules } from "./model/names.js";
import { checkGenerateOptions, type GenerateOptions, LOAD_TIMEOUT } from "./options.js";
import { type OutputPlan, planOutput, writeOutput } from "./write.js";

/** The result of a run, or, of a check, what a run would do. */
export interface GenerateResult {
  /** The output folder, relative to the working directory. */
  readonly out: string;
  /** The names of the files that were written. */
  readonly written: readonly string[];
  /** The names of the generated files that were removed because the schema no longer produces them. */
  readonly removed: readonly string[];
  /** The duration of the run, in ms. */
  readonly milliseconds: number;
}

/** Creates every target that a run generates. A new target is added here. */
function createTargets(): readonly Target[] {
  return [contractTarget, new TypeScriptTarget()];
}

/** Generates repeatedly from one schema, with caches between runs. Runs must not overlap. */
export class Generator {
  readonly #loader: SchemaLoader;
  readonly #targets = createTargets();
  readonly #rules = combineRules(this.#targets.flatMap(({ naming }) => naming ?? []));
  readonly #cwd: string;
  readonly #schema: string;
  readonly #out: string;
  readonly #extension: string;

  /** @throws InvalidOptionsError that names an invalid option */
  constructor(options: GenerateOptions = {}) {
    checkGenerateOptions(options);
    this.#cwd = resolve(options.cwd ?? ".");
    this.#schema = resolve(this.#cwd, options.schema ?? "schema/api.ts");
    this.#out = resolve(this.#cwd, options.out ?? "generated");
    const extension = options.importExtension ?? "js";
    this.#extension = extension === "none" ? "" : `.${extension}`;
    this.#loader = new SchemaLoader(this.#schema, this.#cwd, options.loadTimeout ?? LOAD_TIMEOUT);
  }

  /** The files that the last run read or looked for, successful or not. */
  get graph(): SourceGraph {
    return this.#loader.graph;
  }

  /**
   * Generates, and writes the files that changed. A failed run leaves the folder unchanged.
   * @throws SchemaProblem with every problem of the schema
   */
  run(): Promise<GenerateResult> {
    return this.#run((files, plan) => writeOutput(this.#out, files, plan));
  }

  /** Returns what {@link run} would do, without writing. */
  check(): Promise<GenerateResult> {
    return this.#run(() => {});
  }

  #run(apply: (files: ReadonlyMap<string, string>, plan: OutputPlan) => void): Promise<GenerateResult> {
    return guardExit(this.#schemaName, () => this.#generate(apply));
  }

  async #generate(apply: (files: ReadonlyMap<string, string>, plan: OutputPlan) => void): Promise<GenerateResult> {
    const start = performance.now();
    const files = await this.#emit();
    const plan = await planOutput(this.#out, files);
    apply(files, plan);
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
    const model = buildApi(source, this.#rules, problems);
    problems.throwIfAny();
    if (model === undefined) throw new SchemaProblem([]);
    const header = `${MARK} ${this.#schemaName}. Do not edit: run "sshrpc gen".`;
    const options = { contract: contractOf(model), header, extension: this.#extension };
    const files = this.#targets.flatMap((target) => [...target.emit(model, options)]);
    return new Map(files.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  get #schemaName(): string {
    return relative(this.#cwd, this.#schema).split(sep).join("/");
  }
}

/**
 * Generates once: a typed client, handler types, validators and the contract.
 * @throws SchemaProblem with every problem of the schema, Error that names an invalid option
 */
export async function generate(options: GenerateOptions = {}): Promise<GenerateResult> {
  return new Generator(options).run();
}
