import { kept } from "../../base/kept.js";
import { ResultCache, sha256 } from "../../base/result-cache.js";
import type { SchemaOrBoolean } from "../../model/schema/schema-walk.js";
import type { CompiledValidator } from "../compiled-validator.js";
import { isPlain } from "../plain-validators/is-plain.js";
import { printPlain } from "../plain-validators/print-plain.js";
import { AjvCompiler } from "./compile-with-ajv.js";

const texts = new WeakMap<object, string>();

/** A rewritten schema as JSON. */
export function textOf(schema: SchemaOrBoolean): string {
  if (typeof schema === "boolean") return String(schema);
  return kept(texts, schema, (input) => JSON.stringify(input));
}

const hashes = new WeakMap<object, string>();

function hashOf(schema: SchemaOrBoolean): string {
  return typeof schema === "boolean" ? String(schema) : kept(hashes, schema, () => sha256(textOf(schema)));
}

/** Compiles schemas to code, those that neither the previous run nor an earlier process has compiled. */
export class ValidatorCompiler {
  readonly #ajv = new AjvCompiler();
  readonly #results: ResultCache<CompiledValidator>;

  /** @param results those of earlier processes */
  constructor(results = new ResultCache<CompiledValidator>()) {
    this.#results = results;
  }

  /** To be called before each run. */
  startRun(): void {
    this.#results.startRun();
  }

  /** @param evaluated whether the validator says which properties and items it has evaluated */
  compile(schema: SchemaOrBoolean, evaluated: boolean): CompiledValidator {
    const compile = (): CompiledValidator =>
      !evaluated && isPlain(schema) ? printPlain(schema) : this.#ajv.compile(schema, evaluated);
    return this.#results.get(`${evaluated} ${hashOf(schema)}`, compile);
  }
}
