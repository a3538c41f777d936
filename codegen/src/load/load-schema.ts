import { statSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { type Problem, Problems, SchemaProblem } from "../base/problem.js";
import type { ExportedSchema, Hint } from "../model/hint.js";
import { type LoadedModule, LoadTimeout, SchemaImporter, thrownAt } from "./import-schema.js";
import type { LoadRequest } from "./messages.js";
import { ExitRefused, refuseExit } from "./refuse-exit.js";
import { Declarations } from "./source/declarations.js";
import { mentionedNames } from "./source/exported-names.js";
import { type ModuleVersions, moduleVersions } from "./source/module-versions.js";
import { SourceFiles } from "./source/source-files.js";
import { readSourceGraph, type SourceGraph } from "./source/source-graph.js";
import { type HintContext, SourceHint } from "./source/source-hint.js";

/** The exports of a schema module, with their source. */
interface LoadedSchema {
  /** The value of the default export. */
  readonly api: unknown;
  /** The source of the default export. */
  readonly hint: Hint;
  /** Every schema that a module of the project exports, by object identity. */
  readonly exported: ReadonlyMap<object, ExportedSchema>;
  /** Whether a name occurs in the sources, beside its declaration; only if details were requested. */
  readonly isMentioned?: (name: string) => boolean;
}

/** What a loader reports while it works. */
interface LoadEvents {
  /** The files of the schema are known; none of them has run. */
  onGraph(graph: SourceGraph): void;
  /** A module begins to run; undefined when all have run. */
  onRunning(file: string | undefined): void;
}

/** Loads a schema in this thread, repeatedly in watch mode. */
export class SchemaLoader {
  readonly #sources: SourceFiles;
  readonly #importer: SchemaImporter;
  readonly #entry: string;
  readonly #details: boolean;
  readonly #events: LoadEvents;
  #graph: SourceGraph;
  /** Of the last run, if it ended well. */
  #versions: ModuleVersions = new Map();
  #isReusable = true;
  #reported: unknown;

  constructor({ entry, cwd, timeout, details }: LoadRequest, events: LoadEvents) {
    this.#entry = entry;
    this.#details = details;
    this.#events = events;
    this.#sources = new SourceFiles(cwd);
    this.#importer = new SchemaImporter(entry, timeout, {
      onRunning: (file) => events.onRunning(file),
      sources: this.#sources,
    });
    this.#graph = { files: [entry], missing: [], isPure: false };
  }

  /** Whether nothing of the last `load` can still be running: false after a timeout and a refused exit. */
  get isReusable(): boolean {
    return this.#isReusable;
  }

  /** Whether `error` has ended a load: a rejected promise of the schema reports it again. */
  hasReported(error: unknown): boolean {
    return this.#reported === error;
  }

  /** The problem for an exception of the schema. */
  describe(error: unknown): Problem {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const problem = { ...this.#whereThrown(error), path: "", message: message.split("\nRequire stack:")[0] ?? message };
    return this.#missingMember(problem, error) ?? problem;
  }

  /** A call of a member that does not exist: the message names the variable of the translated module, not of the source. */
  #missingMember(problem: Problem, error: unknown): Problem | undefined {
    const member = error instanceof TypeError ? /\.([\w$]+) is not a function$/.exec(error.message)?.[1] : undefined;
    const file = thrownAt(error, new Set(this.#graph.files))?.file;
    const line = file === undefined ? undefined : this.#sources.read(file)?.text.split("\n")[problem.line - 1];
    if (member === undefined || line === undefined) return undefined;
    const found = [...line.matchAll(/([\w$]+)\.([\w$]+)/g)].find((match) => match[2] === member);
    if (found === undefined) return undefined;
    const message = `${found[0]} is not a function; check the name, or what ${found[1]} is imported from`;
    return { ...problem, column: found.index + 1, message };
  }

  /** @throws SchemaProblem if the file is missing, does not parse, throws, or has no default export. */
  async load(): Promise<LoadedSchema> {
    const problems = new Problems();
    this.#sources.refresh();
    this.#graph = readSourceGraph(this.#sources, this.#entry, problems);
    this.#events.onGraph(this.#graph);
    const start = { file: this.#sources.display(this.#entry), line: 1, column: 1 };
    const entry = statSync(this.#entry, { throwIfNoEntry: false });
    if (entry === undefined) problems.add(start, "", "no such file; name the schema with --schema");
    else if (entry.isDirectory())
      problems.add(start, "", "a folder; name the file of the schema in it, such as api.ts");
    problems.throwIfAny();
    const versions = moduleVersions(this.#sources, this.#graph, this.#versions);
    const kept = [...versions].filter(([file, version]) => this.#versions.get(file) === version);
    this.#versions = new Map();
    const modules = await this.#run(new Set(kept.map(([file]) => file)));
    if (this.#graph.isPure) this.#versions = versions;
    if (modules[0]?.file !== this.#entry) {
      // Node runs it, not the importer, which keeps no exports of it.
      const message = "a schema cannot be an ES module in JavaScript; rename the file to .ts";
      throw new SchemaProblem([{ ...start, path: "", message }]);
    }
    const api = modules[0].exports["default"];
    const declared = new Declarations(this.#sources).defaultExport(this.#entry);
    if (api === undefined || declared === undefined) {
      const message = "missing default export; write `export default defineApi({ ... })`";
      throw new SchemaProblem([{ ...start, path: "", message }]);
    }
    const context = this.#context(modules, versions);
    const schema = { api, hint: SourceHint.of(context, declared), exported: exportedSchemas(modules, context) };
    if (!this.#details) return schema;
    const mentioned = mentionedNames(this.#sources, this.#graph.files);
    return { ...schema, isMentioned: (name) => mentioned.has(name) };
  }

  async #run(kept: ReadonlySet<string>): Promise<readonly LoadedModule[]> {
    const files = new Set(this.#graph.files);
    this.#isReusable = true;
    try {
      return await refuseExit(
        async () => {
          const modules = await this.#importer.load(kept);
          // What the schema has scheduled for the next turn of the event loop still belongs to it.
          await setTimeout(1);
          return modules;
        },
        (error) => thrownAt(error, files) !== undefined,
      );
    } catch (error) {
      this.#reported = error;
      this.#isReusable = !(error instanceof ExitRefused || error instanceof LoadTimeout);
      throw new SchemaProblem([this.describe(error)]);
    } finally {
      this.#events.onRunning(undefined);
    }
  }

  #whereThrown(error: unknown): { file: string; line: number; column: number } {
    const files = new Set(this.#graph.files);
    const message = error instanceof Error ? error.message : "";
    for (const file of /^Cannot find (module|package)/.test(message) ? files : []) {
      const reference = this.#sources.references(file).find(({ specifier }) => message.includes(`'${specifier}'`));
      if (reference !== undefined) return reference.at;
    }
    const at = thrownAt(error, files);
    if (at === undefined) return { file: this.#sources.display(this.#entry), line: 1, column: 1 };
    const { file, line, column } = this.#importer.sourceOf(at);
    return { file: this.#sources.display(file), line, column };
  }

  #context(modules: readonly LoadedModule[], versions: ModuleVersions): HintContext {
    const byFile = new Map(modules.map((module) => [module.file, module.exports]));
    return {
      sources: this.#sources,
      declarations: new Declarations(this.#sources),
      exportedValue: (file, name) => byFile.get(file)?.[name],
      versionOf: (file) => versions.get(file),
    };
  }
}

/** A schema with several exports is named after its declaration. */
function exportedSchemas(modules: readonly LoadedModule[], context: HintContext): ReadonlyMap<object, ExportedSchema> {
  const found = new Map<object, ExportedSchema>();
  const declared = new Set<object>();
  for (const module of modules) {
    for (const [name, value] of Object.entries(module.exports)) {
      if (typeof value !== "object" || value === null || name === "default") continue;
      const declaration = context.declarations.exported(module.file, name);
      const own = declaration?.exported?.file === module.file;
      if (found.has(value) && (declared.has(value) || !own)) continue;
      if (own) declared.add(value);
      const hint = declaration ?? context.declarations.defaultExport(modules[0]?.file ?? module.file);
      if (hint !== undefined) found.set(value, { name, value, hint: SourceHint.of(context, hint) });
    }
  }
  return found;
}
