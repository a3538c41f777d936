import { type AnySchema, Name } from "ajv";
import { Ajv2019 } from "ajv/dist/2019.js";
import standalone from "ajv/dist/standalone/index.js";
import { callRef } from "ajv/dist/vocabularies/core/ref.js";
import addFormats from "ajv-formats";
import { eachSubschema, isSchemaObject, type SchemaOrBoolean } from "../../model/schema/schema-walk.js";
import { CORRECTED_KEYWORDS } from "./corrected-keywords.js";
import { ISSUE_KEYWORDS } from "./issue-keywords.js";
import { CALL } from "./variants.js";

/** The code of one validator. */
export interface CompiledValidator {
  /** An expression for the function. It contains no imports and refers to other validators of the same file by name. */
  readonly code: string;
  /** The helpers that the code uses, to be imported from `sshrpc/generated`. */
  readonly helpers: readonly string[];
}

/** Compiles schemas to code with ajv. It caches the results, so that a watch compiles only changed schemas. */
export class ValidatorCompiler {
  #previous = new Map<string, CompiledValidator>();
  #used = new Map<string, CompiledValidator>();

  /** Drops cached results that the previous run did not use. To be called once before each run. */
  startRound(): void {
    this.#previous = this.#used;
    this.#used = new Map();
  }

  compile(schema: SchemaOrBoolean): CompiledValidator {
    const key = JSON.stringify(schema);
    const compiled = this.#used.get(key) ?? this.#previous.get(key) ?? compile(schema);
    this.#used.set(key, compiled);
    return compiled;
  }
}

/**
 * Each validator has its own ajv instance: an instance numbers its variables consecutively, and the code of one schema
 * must not depend on the schemas compiled before it.
 */
function compile(schema: SchemaOrBoolean): CompiledValidator {
  const ajv = new Ajv2019({
    code: { source: true, esm: true, lines: true },
    // A request with several faults is answered with all of them. `contains` needs loops without a bound on the errors.
    allErrors: !hasKeyword(schema, "contains"),
    // The model knows every keyword, and refuses those without effect with their position.
    strictSchema: false,
    strictTypes: false,
    strictTuples: false,
    // The model has validated the schemas, and compiling the meta-schemas takes longer than everything else.
    meta: false,
    validateSchema: false,
    ownProperties: hasInheritedName(schema),
  });
  addFormats.default(ajv);
  ajv.addKeyword({ keyword: CALL, schemaType: "string", code: (cxt) => callRef(cxt, new Name(cxt.schema)) });
  for (const definition of CORRECTED_KEYWORDS) ajv.removeKeyword(definition.keyword as string).addKeyword(definition);
  for (const keyword of ISSUE_KEYWORDS) ajv.addKeyword(keyword);
  return rewrite(standalone.default(ajv, ajv.compile(schema as AnySchema)));
}

/** How ajv adds an error, in seven lines. */
const ADD_ERROR =
  /const (err\d+) = (\{.*\});\nif\(vErrors === null\)\{\nvErrors = \[\1\];\n\}\nelse \{\nvErrors\.push\(\1\);\n\}/g;

/** A loop over items or properties, in which `errors` grows by those of each. */
const LOOP = /for\((?:let i(\d+)=.*;.*; ?i\1\+\+|const key(\d+) in \w+)\)\{/g;

/** The errors after which a loop stops: the message may have millions of invalid items. As many as an answer lists. */
const MAX_ERRORS = 10;

/** Counts the errors of this loop alone: those before it may belong to another branch of a union. */
function boundLoop(loop: string, item: string | undefined, key: string | undefined): string {
  const name = item === undefined ? `keyErrors${key}` : `itemErrors${item}`;
  return `const ${name} = errors;\n${loop}\nif(errors - ${name} >= ${MAX_ERRORS}){\nbreak;\n}`;
}

/** Converts the module that ajv prints to an expression. */
function rewrite(module: string): CompiledValidator {
  const exported = /export const validate = (\w+);\s*export default \w+;\s*/;
  const name = exported.exec(module)?.[1];
  if (name === undefined) throw new Error(`unexpected module format from ajv:\n${module.slice(0, 200)}`);
  const helpers = new Set<string>();
  const use = (helper: string): string => {
    helpers.add(helper);
    return helper;
  };
  const lines = module
    .replace(/^"use strict";\s*/, "")
    .replace(exported, "")
    .replaceAll(/require\("ajv\/dist\/runtime\/(\w+)"\)\.default/g, (_, helper: string) => use(helper))
    .replaceAll(ADD_ERROR, (_, _name, error: string) => `(vErrors ??= []).push(${error});`)
    .replaceAll(LOOP, boundLoop)
    .replaceAll(/require\("ajv-formats\/dist\/formats"\)\.fullFormats/g, () => use("formats"))
    .trim()
    .split("\n");
  const code = lines.filter((line) => !isUnused(line, lines)).join("\n");
  return { code: `(() => {\n${code}\nreturn ${name};\n})()`, helpers: [...helpers] };
}

/** ajv prints the whole schema as a constant, also if the function does not use it. */
function isUnused(line: string, lines: readonly string[]): boolean {
  const name = /^const (schema\d+) = /.exec(line)?.[1];
  if (name === undefined) return false;
  const used = new RegExp(`\\b${name}\\b`);
  return !lines.some((other) => other !== line && used.test(other));
}

function hasKeyword(schema: SchemaOrBoolean, keyword: string): boolean {
  return JSON.stringify(schema).includes(`"${keyword}":`);
}

/** Whether a property has the name of an inherited one, such as `toString`: ajv must then check own properties, which is slower. */
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
