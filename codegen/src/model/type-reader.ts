import type { JsonSchema } from "sshrpc/contract";
import type { Problems } from "../base/problem.js";
import type { NamedType } from "./api-model.js";
import { circleOf } from "./circle-of.js";
import { definitionKey } from "./definition-key.js";
import { type ExportedSchema, type Hint, SchemaPart } from "./hint.js";
import { canonicalJson, className } from "./json-value.js";
import { keywordValue } from "./keywords.js";
import { describeMisfit } from "./misfit.js";
import { type NamingRules, pascalCase } from "./names.js";
import { ANY_KEY, describe, normalize } from "./normalize.js";
import { refuseKeyword, refuseKind, refuseSlow } from "./refusals.js";
import { isSchemaObject, refTo, type SchemaOrBoolean, withoutNotes } from "./schema-walk.js";

/** The definitions that `Type.Ref("Node")` refers to inside a `Type.Cyclic` or a `Type.Module`. */
interface Scope {
  readonly defs: Readonly<Record<string, unknown>>;
  readonly hint: Hint;
  readonly names: Map<string, string>;
}

/** The maximum depth of a type without names in it. Generated code is as deep, and its readers have a stack. */
const MAX_DEPTH = 100;

interface Entry {
  readonly hint: Hint;
  schema: JsonSchema | undefined;
}

/** Converts TypeBox values to the JSON Schemas of the contract, and collects the named types that they use. */
export class TypeReader {
  readonly #exported: ReadonlyMap<object, ExportedSchema>;
  readonly #rules: NamingRules;
  readonly #problems: Problems;
  readonly #entries = new Map<string, Entry>();
  readonly #circular = new Set<string>();
  /** The meaning of each definition that has a name. */
  readonly #definitions = new Map<string, string>();
  readonly #nameOf = new Map<object, string>();
  /** The schemas without a name that are being read, each inside the one before it. */
  readonly #ancestors = new Set<object>();

  constructor(exported: ReadonlyMap<object, ExportedSchema>, rules: NamingRules, problems: Problems) {
    this.#exported = exported;
    this.#rules = rules;
    this.#problems = problems;
  }

  /** The named types that were used so far, by name. */
  get types(): readonly NamedType[] {
    const types = [...this.#entries].flatMap(([name, { schema }]) => (schema === undefined ? [] : [{ name, schema }]));
    return types.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The schema of a named type; undefined if there is none, or a walk through it would not end. */
  schemaOf(name: string): JsonSchema | undefined {
    return this.#circular.has(name) ? undefined : this.#entries.get(name)?.schema;
  }

  /** Where the named type `name` was declared; undefined if there is none. */
  declaredAt(name: string): Hint | undefined {
    return this.#entries.get(name)?.hint;
  }

  /** Reads a TypeBox value. Values that cannot be part of a contract are reported as problems. */
  read(part: SchemaPart): JsonSchema {
    const schema = this.#read(part, undefined);
    return typeof schema === "boolean" ? (schema ? {} : { not: {} }) : schema;
  }

  #read(part: SchemaPart, scope: Scope | undefined): SchemaOrBoolean {
    const { value, hint } = part;
    if (typeof value === "boolean") return value;
    const misfit = describeMisfit(value);
    if (misfit !== undefined) return this.#refuse(part, `expected a TypeBox type, got ${misfit}`);
    if (!part.isObject()) return this.#refuse(part, `expected a TypeBox type, got ${describeOther(value)}`);
    const exported = this.#exported.get(part.value) ?? copied(part.value, hint.exported);
    if (exported !== undefined) return describe(refTo(this.#named(exported)), hint.doc);
    if (this.#ancestors.has(part.value)) return this.#refuse(part, "the type contains itself; use Type.Cyclic");
    if (this.#ancestors.size === MAX_DEPTH) {
      return this.#refuse(part, `nested more than ${MAX_DEPTH} levels deep; export the inner types as constants`);
    }
    this.#ancestors.add(part.value);
    const schema = this.#inline(part, scope);
    this.#ancestors.delete(part.value);
    return schema;
  }

  /** Reports a problem. @returns the schema to continue with */
  #refuse({ at, path }: SchemaPart, message: string): JsonSchema {
    this.#problems.add(at, path, message);
    return {};
  }

  #named(exported: ExportedSchema): string {
    const { name: source, value, hint } = exported;
    const known = this.#nameOf.get(value);
    if (known !== undefined) return known;
    const name = pascalCase(source);
    this.#nameOf.set(value, name);
    const part = new SchemaPart(value as JsonSchema, hint, source);
    const reason =
      this.#rules.refuseType(source) ?? (this.#rules.isIdentifier(name) ? undefined : "is not an identifier");
    if (reason !== undefined) this.#refuse(part, `the name ${source} ${reason}; rename the schema`);
    this.#register(name, part, () => this.#body(part, name));
    return name;
  }

  /** The schema of a named type. For a recursive type it is the schema of the root. */
  #body(part: SchemaPart<JsonSchema>, name: string): JsonSchema {
    const { value, hint } = part;
    const { $ref: root, $defs: defs, ...beside } = value;
    // Other keywords of the root apply to the root alone, so the root and its definition are different types.
    const isDefinition = Object.keys(beside).every((keyword) => keyword === "$id" || keywordValue(keyword) === "note");
    if (!isDefinition || typeof root !== "string" || !isSchemaObject(defs) || !Object.hasOwn(defs, root)) {
      return this.#inline(part, undefined);
    }
    const scope: Scope = { defs, hint, names: new Map([[root, name]]) };
    const schema = this.#member(root, scope, part.path);
    return describe({ ...schema, ...this.#keywords(part, scope) }, hint.doc);
  }

  #inline(part: SchemaPart<JsonSchema>, outer: Scope | undefined): JsonSchema {
    const { value, hint } = part;
    if (!("$ref" in value)) return describe(normalize(this.#keywords(part, outer)), hint.doc);
    const { $ref: ref, $defs: defs } = value;
    const scope = isSchemaObject(defs) ? { defs, hint, names: new Map<string, string>() } : outer;
    if (typeof ref !== "string" || scope === undefined || !Object.hasOwn(scope.defs, ref)) {
      const message = `unknown type ${JSON.stringify(ref)}; Type.Ref works only inside Type.Cyclic and Type.Module`;
      return this.#refuse(part, message);
    }
    const target = refTo(this.#definition(ref, scope));
    const beside = normalize(this.#keywords(part, scope));
    const isBare = Object.keys(withoutNotes(beside)).length === 0;
    const parts = Array.isArray(beside["allOf"]) ? beside["allOf"] : [];
    return describe(isBare ? { ...beside, ...target } : { ...beside, allOf: [target, ...parts] }, hint.doc);
  }

  /** The named type for one definition of `scope`. */
  #definition(key: string, scope: Scope): string {
    const known = scope.names.get(key);
    if (known !== undefined) return known;
    const name = this.#definitionName(key, scope);
    scope.names.set(key, name);
    const part = new SchemaPart(scope.defs[key], scope.hint.child("$defs", key), key);
    this.#register(name, part, () => this.#member(key, scope, key));
    return name;
  }

  /** Definitions of different scopes can have one name, such as Node: those after the first are numbered. */
  #definitionName(key: string, { defs }: Scope): string {
    const meaning = definitionKey(key, defs);
    const base = pascalCase(key);
    for (let number = 1; ; number++) {
      const name = number === 1 ? base : `${base}${number}`;
      const earlier = this.#definitions.get(name);
      if (earlier !== undefined && earlier !== meaning) continue;
      this.#definitions.set(name, meaning);
      return name;
    }
  }

  /** The schema of one definition of `scope`. */
  #member(key: string, scope: Scope, path: string): JsonSchema {
    const part = new SchemaPart(scope.defs[key], scope.hint.child("$defs", key), path);
    if (part.isObject()) return this.#inline(part, scope);
    return this.#refuse(part, `expected a TypeBox type, got ${describeOther(scope.defs[key])}`);
  }

  /** Two declarations can share a name only if they have the same effect on a call. */
  #register(name: string, part: SchemaPart, read: () => JsonSchema): void {
    const earlier = this.#entries.get(name);
    if (earlier === undefined) {
      const entry: Entry = { hint: part.hint, schema: undefined };
      this.#entries.set(name, entry);
      entry.schema = read();
      this.#refuseCircle(name, part);
      return;
    }
    const schema = read();
    if (
      earlier.schema !== undefined &&
      canonicalJson(withoutNotes(earlier.schema)) === canonicalJson(withoutNotes(schema))
    )
      return;
    const { file, line } = earlier.hint.at;
    this.#refuse(part, `another schema, at ${file}:${line}, also has the type name ${name}; rename one`);
  }

  /** A circle is complete, and found, when the last of its types has been read. */
  #refuseCircle(name: string, part: SchemaPart): void {
    const circle = circleOf(name, (other) => this.schemaOf(other));
    if (circle === undefined) return;
    const message = `circular reference ${circle.join(" → ")}; a type can contain itself only in a property, an array item or a record value`;
    this.#refuse(part, message);
    this.#circular.add(name);
  }

  /** The keywords of a schema, without `$ref` and `$defs` of a reference. */
  #keywords(part: SchemaPart<JsonSchema>, scope: Scope | undefined): JsonSchema {
    const { value } = part;
    const refusal = refuseKind(value);
    if (refusal !== undefined) return this.#refuse(part, refusal);
    const slow = refuseSlow(value);
    if (slow !== undefined) this.#refuse(part, slow);
    const skipped = new Set(["$id", "$schema", ...("$ref" in value ? ["$ref", "$defs"] : [])]);
    const entries = Object.entries(value).flatMap(([keyword, content]): [string, unknown][] => {
      if (skipped.has(keyword)) return [];
      const reason = refuseKeyword(keyword, content);
      if (reason === undefined) return [[keyword, this.#content(part, keyword, scope)]];
      this.#refuse(part, reason);
      return [];
    });
    return Object.fromEntries(entries);
  }

  /** The content of one keyword, with the schemas in it read. */
  #content({ value, hint, path }: SchemaPart<JsonSchema>, keyword: string, scope: Scope | undefined): unknown {
    const content = value[keyword];
    const kind = keywordValue(keyword);
    if (kind === "value" || kind === "note") return content;
    if (kind === "map") {
      const members = Object.entries(content as object).map(([key, member]): [string, unknown] => {
        const where =
          keyword === "properties" ? `${path}.${key}` : `${path}[${key === ANY_KEY ? "*" : JSON.stringify(key)}]`;
        const part = new SchemaPart(member, hint.child(keyword, key), where);
        if (key === "__proto__") this.#refuse(part, "invalid property name __proto__; rename it");
        return [key, this.#read(part, scope)];
      });
      return Object.fromEntries(members);
    }
    if (Array.isArray(content)) {
      return content.map((member, index) => {
        const where = keyword === "items" ? `${path}[${index}]` : `${path}.${keyword}[${index}]`;
        return this.#read(new SchemaPart(member, hint.child(keyword, index), where), scope);
      });
    }
    const where = keyword === "items" ? `${path}[]` : `${path}.${keyword}`;
    return this.#read(new SchemaPart(content, hint.child(keyword), where), scope);
  }
}

/** Describes a value that is not a schema, for messages. */
function describeOther(value: unknown): string {
  if (value === undefined) return "undefined; check for a misspelled import or files that import each other";
  if (value === null) return "null";
  if (typeof value !== "object") return `a ${typeof value}`;
  return Array.isArray(value) ? "an array" : `an instance of ${className(value)}, which JSON cannot carry`;
}

/** `Type.Optional(Note)` copies Note: it has the same parts but another identity. */
function copied(value: JsonSchema, exported: ExportedSchema | undefined): ExportedSchema | undefined {
  if (exported === undefined) return undefined;
  const original = exported.value as JsonSchema;
  const keys = Object.keys(original);
  const same = keys.length === Object.keys(value).length && keys.every((key) => Object.is(original[key], value[key]));
  return same ? exported : undefined;
}
