import { relative, resolve, sep } from "node:path";
import { ResultCache } from "./base/result-cache.js";
import type { CompiledValidator } from "./emit/compiled-validator.js";
import { contractOf } from "./emit/contract/contract-of.js";
import { MARK, type Target } from "./emit/target.js";
import { SchemaThread } from "./load/schema-thread.js";
import type { SourceGraph } from "./load/source/source-graph.js";
import { checkGenerateOptions, type GenerateOptions, LOAD_TIMEOUT, resolveOptions } from "./options.js";
import { OutputFolder, type OutputPlan } from "./write.js";

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

/** Generates repeatedly from one schema, with caches between runs. Runs must not overlap. The caller closes it. */
export class Generator implements AsyncDisposable {
  readonly #schemaThread: SchemaThread;
  readonly #targets: Promise<readonly Target[]>;
  readonly #validators: ResultCache<CompiledValidator>;
  readonly #cwd: string;
  readonly #schema: string;
  readonly #out: string;
  readonly #output: OutputFolder;
  readonly #declarationMap: boolean;

  /** @throws InvalidOptionsError that names an invalid option */
  constructor(options: GenerateOptions = {}) {
    checkGenerateOptions(options);
    const { cwd, schema, out, declarationMap } = resolveOptions(options);
    this.#cwd = cwd;
    this.#schema = schema;
    this.#out = out;
    this.#output = new OutputFolder(out);
    this.#declarationMap = declarationMap;
    this.#schemaThread = new SchemaThread({
      entry: this.#schema,
      cwd: this.#cwd,
      timeout: options.loadTimeout ?? LOAD_TIMEOUT,
      details: false,
    });
    // The thread loads the compiler while this one loads the emitters.
    this.#schemaThread.start();
    this.#validators = new ResultCache({ schema, purpose: "validators" });
    this.#targets = createTargets(this.#validators);
  }

  /** The files that the last run read or looked for, successful or not. */
  get graph(): SourceGraph {
    return this.#schemaThread.graph;
  }

  /**
   * Generates, and writes the files that changed. A failed run leaves the folder unchanged.
   * @throws SchemaProblem with every problem of the schema
   */
  run(): Promise<GenerateResult> {
    return this.#run((files, plan) => this.#output.write(files, plan));
  }

  /**
   * Returns what {@link run} would do, without writing. Maps are not compared: they change with every line that moves in the schema, and
   * a project may keep them out of Git.
   */
  async check(): Promise<GenerateResult> {
    const result = await this.#run(() => {});
    const compared = (name: string): boolean => !name.endsWith(".map");
    return { ...result, written: result.written.filter(compared), removed: result.removed.filter(compared) };
  }

  /** Ends the thread that runs the schema; a run that has not ended fails. */
  close(): Promise<void> {
    this.#validators.save();
    return this.#schemaThread.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(apply: (files: ReadonlyMap<string, string>, plan: OutputPlan) => void): Promise<GenerateResult> {
    const start = performance.now();
    const files = await this.#emit();
    const plan = await this.#output.plan(files);
    apply(files, plan);
    return {
      out: relative(this.#cwd, this.#out) || ".",
      written: plan.changed,
      removed: plan.stale,
      milliseconds: Math.round(performance.now() - start),
    };
  }

  async #emit(): Promise<ReadonlyMap<string, string>> {
    const model = await this.#schemaThread.load();
    const header = `${MARK} ${this.#schemaName}. Do not edit: run "sshrpc gen".`;
    const options = {
      contract: contractOf(model),
      header,
      declarationMap: this.#declarationMap,
      pathOf: (file: string) => slashed(relative(this.#out, resolve(this.#cwd, file))),
    };
    const targets = await this.#targets;
    const files = targets.flatMap((target) => [...target.emit(model, options)]);
    return new Map(files.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  get #schemaName(): string {
    return slashed(relative(this.#cwd, this.#schema));
  }
}

/** Loads every target that a run generates. A new target is added here, and its names in load/schema-worker.ts. */
async function createTargets(validators: ResultCache<CompiledValidator>): Promise<readonly Target[]> {
  const [{ contractTarget }, { TypeScriptTarget }] = await Promise.all([
    import("./emit/contract/contract-target.js"),
    import("./emit/typescript/typescript-target.js"),
  ]);
  return [contractTarget, new TypeScriptTarget(validators)];
}

function slashed(path: string): string {
  return path.split(sep).join("/");
}
