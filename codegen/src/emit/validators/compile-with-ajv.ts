import type { AnySchema, CodeKeywordDefinition } from "ajv";
import { Ajv2019 } from "ajv/dist/2019.js";
import { ValueScope } from "ajv/dist/compile/codegen/index.js";
import standalone from "ajv/dist/standalone/index.js";
import addFormats from "ajv-formats";
import { eachSubschema, isSchemaObject, type SchemaOrBoolean } from "../../model/schema/schema-walk.js";
import type { CompiledValidator } from "../compiled-validator.js";
import { CALL_KEYWORD } from "./call-keyword.js";
import {
  CONDITIONAL_KEYWORDS,
  CORRECTED_KEYWORDS,
  collectNamesApart,
  countEvaluatedFirst,
} from "./corrected-keywords.js";
import { ISSUE_KEYWORDS } from "./issue-keywords.js";

/** Compiles schemas to code with ajv: those with keywords that depend on each other, such as unions and unevaluated properties. */
export class AjvCompiler {
  readonly #instances = new Map<string, Instance>();

  /** @param unevaluated whether the validator says which properties and items it has evaluated */
  compile(schema: SchemaOrBoolean, unevaluated: boolean): CompiledValidator {
    // A request with several faults is answered with all of them. `contains` needs loops without a bound on the errors.
    const options = {
      allErrors: !hasKeyword(schema, "contains"),
      ownProperties: hasInheritedName(schema),
      unevaluated,
    };
    const key = JSON.stringify(options);
    const instance = this.#instances.get(key) ?? new Instance(options);
    this.#instances.set(key, instance);
    return { ...rewrite(instance.print(schema)), byAjv: true };
  }
}

interface InstanceOptions {
  readonly allErrors: boolean;
  readonly ownProperties: boolean;
  readonly unevaluated: boolean;
}

/** An instance of ajv for any number of schemas. */
class Instance extends Ajv2019 {
  constructor({ unevaluated, ...options }: InstanceOptions) {
    super({
      ...options,
      code: { source: true, esm: true, lines: true },
      // The runtime has them.
      messages: false,
      // The model knows every keyword, and refuses those without effect with their position.
      strictSchema: false,
      strictTypes: false,
      strictTuples: false,
      // The model has validated the schemas, and compiling the meta-schemas takes longer than everything else.
      meta: false,
      validateSchema: false,
      // Of formats that ajv does not know, which the model refuses.
      logger: false,
    });
    // The class of this draft overrides the option.
    this.opts.unevaluated = unevaluated;
    addFormats.default(this);
    this.addKeyword(CALL_KEYWORD);
    for (const definition of CORRECTED_KEYWORDS) {
      this.removeKeyword(definition.keyword as string).addKeyword(definition);
    }
    for (const keyword of ISSUE_KEYWORDS) this.addKeyword(keyword);
    for (const keyword of CONDITIONAL_KEYWORDS) countEvaluatedFirst(this.getKeyword(keyword) as CodeKeywordDefinition);
    collectNamesApart(this.getKeyword("patternProperties") as CodeKeywordDefinition);
  }

  /** The module that validates `schema`. The scope numbers variables: code must not depend on the schemas before it. */
  print(schema: SchemaOrBoolean): string {
    Object.assign(this, { scope: new ValueScope({ scope: {}, prefixes: PREFIXES, lines: true }) });
    const validate = this.compile(schema as AnySchema);
    const module = standalone.default(this, validate);
    this.removeSchema();
    return module;
  }
}

/** The prefixes of ajv's own scopes. */
const PREFIXES = new Set(
  "validate serialize parse wrapper root schema keyword pattern formats validate$data func obj Error".split(" "),
);

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
    .replace(HEAD, (_, head: string) => `${head}(data, instancePath=""){${undeclaredIn(module)}`)
    .replaceAll(/require\("ajv\/dist\/runtime\/(\w+)"\)\.default/g, (_, helper: string) => use(helper))
    .replaceAll(ADD_ERROR, (_, _name, error: string) => `(vErrors ??= []).push(${error});`)
    .replaceAll(LOOP, boundLoop)
    // The place of a keyword in the schema, which no issue shows. In the text of a string its quotes are escaped.
    .replaceAll(/\bschemaPath:"(?:[^"\\]|\\.)*",/g, "")
    .replaceAll(/require\("ajv-formats\/dist\/formats"\)\.fullFormats/g, () => use("formats"))
    .trim()
    .split("\n");
  const { code, isFunction } = inlineConstants(lines);
  return { code: isFunction ? code : `(() => {\n${code}\nreturn ${name};\n})()`, helpers: [...helpers] };
}

/** The declaration of variables whose own ajv leaves out, with code that never runs, although it uses them after that. */
function undeclaredIn(module: string): string {
  const declared = new Set([...module.matchAll(/\b(?:const|let|var) (\w+)/g)].map(([, name]) => name));
  const used = new Set([...module.matchAll(EVALUATED)].flatMap(([, name]) => name ?? []));
  const missing = [...used].filter((name) => !declared.has(name));
  return missing.length === 0 ? "" : `\nvar ${missing.join(", ")};`;
}

/** A text, or a variable with what has been evaluated. */
const EVALUATED = /"(?:[^"\\]|\\.)*"|\b((?:props|items)\d+)\b/g;

/** A constant of ajv: the schema, a function or a format. */
const CONSTANT = /^const ((?:schema|func|formats)\d+) = (.*);$/;

/** A text, or the use of a constant with the keys below it. Only texts contain what looks like a use and is none. */
const USE =
  /"(?:[^"\\]|\\.)*"|\b((?:schema|func|formats)\d+)\b((?:\.[A-Za-z_$][\w$]*|\["(?:[^"\\]|\\.)*"\]|\[\d+\])*)/g;

/** Writes the parts of constants where they are used: the whole schema is longer, and V8 parses a plain function later. */
function inlineConstants(lines: readonly string[]): { readonly code: string; readonly isFunction: boolean } {
  const constants = new Map<string, unknown>();
  const others = lines.filter((line) => {
    const [, name, value] = CONSTANT.exec(line) ?? [];
    if (name !== undefined && value !== undefined)
      constants.set(name, name.startsWith("schema") ? JSON.parse(value) : value);
    return name === undefined && line !== "";
  });
  const code = others.join("\n").replaceAll(USE, (whole, name: string | undefined, keys: string) => {
    if (name === undefined || !constants.has(name)) return whole;
    const value = constants.get(name);
    return name.startsWith("schema") ? partAt(value, keys) : value + keys;
  });
  return { code, isFunction: others[0]?.startsWith("function ") === true && others.at(-1) === "}" };
}

/** @param keys as in code: `.properties["first name"].enum` */
function partAt(schema: unknown, keys: string): string {
  let part = schema;
  for (const [, name, text, index] of keys.matchAll(/\.([\w$]+)|\[("(?:[^"\\]|\\.)*")\]|\[(\d+)\]/g)) {
    part = (part as Readonly<Record<string, unknown>>)[name ?? index ?? JSON.parse(text as string)];
  }
  return JSON.stringify(part);
}

/** What ajv passes to validators. Ours need the value and its path. */
const HEAD = /^(function \w+)\(data, \{instancePath="",.*\}=\{\}\)\{$/m;

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
