import { type AnySchema, Name } from "ajv";
import { Ajv2019 } from "ajv/dist/2019.js";
import standalone from "ajv/dist/standalone/index.js";
import { callRef } from "ajv/dist/vocabularies/core/ref.js";
import addFormats from "ajv-formats";
import { eachSubschema, isSchemaObject, type SchemaOrBoolean } from "../../model/schema-walk.js";
import { CALL } from "./variants.js";

/** The code of one validator. */
export interface CompiledValidator {
  /** An expression that gives the function. It is free of imports, and names other validators of the same file. */
  readonly code: string;
  /** The helpers that the code names, to be imported from `sshrpc/generated`. */
  readonly helpers: readonly string[];
}

/** Compiles schemas to code with ajv. What was compiled once is kept, so a watch compiles only what changed. */
export class ValidatorCompiler {
  #kept = new Map<string, CompiledValidator>();
  #used = new Map<string, CompiledValidator>();

  /** Forgets what the previous round did not ask for. To be called once before each run. */
  startRound(): void {
    this.#kept = this.#used;
    this.#used = new Map();
  }

  compile(schema: SchemaOrBoolean): CompiledValidator {
    const key = JSON.stringify(schema);
    const compiled = this.#used.get(key) ?? this.#kept.get(key) ?? compile(schema);
    this.#used.set(key, compiled);
    return compiled;
  }
}

/**
 * An instance for each validator: ajv numbers its variables through the life of an instance, and the code of one
 * schema must not depend on which others came before it.
 */
function compile(schema: SchemaOrBoolean): CompiledValidator {
  const ajv = new Ajv2019({
    code: { source: true, esm: true, lines: true },
    strictSchema: true,
    strictTypes: false,
    strictTuples: false,
    // The model has checked the schemas already, and the meta-schemas take longer to compile than all the rest.
    meta: false,
    validateSchema: false,
    ownProperties: hasInheritedName(schema),
  });
  addFormats.default(ajv);
  ajv.addKeyword({ keyword: CALL, schemaType: "string", code: (cxt) => callRef(cxt, new Name(cxt.schema)) });
  return rewrite(standalone.default(ajv, ajv.compile(schema as AnySchema)));
}

/** Makes an expression of what ajv prints as a module. */
function rewrite(module: string): CompiledValidator {
  const exported = /export const validate = (\w+);\s*export default \w+;\s*/;
  const name = exported.exec(module)?.[1];
  if (name === undefined) throw new Error(`ajv printed a module of another form:\n${module.slice(0, 200)}`);
  const helpers = new Set<string>();
  const use = (helper: string): string => {
    helpers.add(helper);
    return helper;
  };
  const lines = module
    .replace(/^"use strict";\s*/, "")
    .replace(exported, "")
    .replaceAll(/require\("ajv\/dist\/runtime\/(\w+)"\)\.default/g, (_, helper: string) => use(helper))
    .replaceAll(/require\("ajv-formats\/dist\/formats"\)\.fullFormats/g, () => use("formats"))
    .trim()
    .split("\n");
  const code = lines.filter((line) => !isUnused(line, lines)).join("\n");
  return { code: `(() => {\n${code}\nreturn ${name};\n})()`, helpers: [...helpers] };
}

/** ajv prints the whole schema as a constant, whether or not the function looks at it. */
function isUnused(line: string, lines: readonly string[]): boolean {
  const name = /^const (schema\d+) = /.exec(line)?.[1];
  if (name === undefined) return false;
  const used = new RegExp(`\\b${name}\\b`);
  return !lines.some((other) => other !== line && used.test(other));
}

/** Whether a property is called like one that every object inherits: then ajv must ask for own ones, which is slower. */
function hasInheritedName(schema: SchemaOrBoolean): boolean {
  if (!isSchemaObject(schema)) return false;
  const named = [...Object.keys((schema["properties"] as object) ?? {}), ...((schema["required"] as string[]) ?? [])];
  if (named.some((name) => name in Object.prototype)) return true;
  let found = false;
  eachSubschema(schema, (sub) => {
    found ||= hasInheritedName(sub);
  });
  return found;
}
