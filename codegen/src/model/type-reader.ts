import type { JsonSchema } from "sshrpc/contract";
import type { Problems } from "../base/problem.js";
import type { NamedType } from "./api-model.js";
import { circleOf } from "./circle-of.js";
import { describe } from "./describe.js";
import type { ExportedSchema, Hint } from "./hint.js";
import { canonicalJson, className } from "./json-value.js";
import { keywordValue } from "./keywords.js";
import { isIdentifier, isReservedType, pascalCase } from "./names.js";
import { ANY_KEY, normalize } from "./normalize.js";
import { refuseKeyword, refuseKind } from "./refusals.js";
import { refuseSlow } from "./refuse-slow.js";
import { isSchemaObject, refTo, type SchemaOrBoolean } from "./schema-walk.js";
import { withoutNotes } from "./without-notes.js";

/** The definitions that `Type.Ref("Node")` means inside a `Type.Cyclic` or a `Type.Module`. */
interface Scope {
  readonly defs: Readonly<Record<string, unknown>>;
  readonly hint: Hint;
  readonly names: Map<string, string>;
}

interface Entry {
  readonly hint: Hint;
  schema: JsonSchema | undefined;
}

/** Turns TypeBox values into the contract's JSON Schemas, and collects the named types that they use. */
export class TypeReader {
  readonly #exported: ReadonlyMap<object, ExportedSchema>;
  readonly #problems: Problems;
  readonly #entries = new Map<string, Entry>();
  readonly #circular = new Set<string>();
  readonly #nameOf = new Map<object, string>();
  /** The schemas without a name that are being read, each inside the one before it. */
  readonly #ancestors = new Set<object>();

  constructor(exported: ReadonlyMap<object, ExportedSchema>, problems: Problems) {
    this.#exported = exported;
    this.#problems = problems;
  }

  /** The named types that were used so far, by name. */
  get types(): readonly NamedType[] {
    const types = [...this.#entries].flatMap(([name, { schema }]) => (schema === undefined ? [] : [{ name, schema }]));
    return types.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The schema of a named type; undefined where there is none, or a walk through it would not end. */
  schemaOf(name: string): JsonSchema | undefined {
    return this.#circular.has(name) ? undefined : this.#entries.get(name)?.schema;
  }

  /** Where the named type `name` was declared; undefined where there is none. */
  declaredAt(name: string): Hint | undefined {
    return this.#entries.get(name)?.hint;
  }

  /** Reads a TypeBox value. What cannot be part of a contract goes to the problems, under `path`. */
  read(value: unknown, hint: Hint, path: string): JsonSchema {
    const schema = this.#read(value, hint, path, undefined);
    return typeof schema === "boolean" ? (schema ? {} : { not: {} }) : schema;
  }

  #read(value: unknown, hint: Hint, path: string, scope: Scope | undefined): SchemaOrBoolean {
    if (typeof value === "boolean") return value;
    if (!isSchemaObject(value)) {
      this.#problems.add(hint.at, path, `give a TypeBox type; this is ${whatElse(value)}`);
      return {};
    }
    const exported = this.#exported.get(value) ?? copied(value, hint.exported);
    if (exported !== undefined) return describe(refTo(this.#named(exported)), hint.doc);
    if (this.#ancestors.has(value)) {
      this.#problems.add(hint.at, path, "it contains itself; use Type.Cyclic");
      return {};
    }
    this.#ancestors.add(value);
    const schema = this.#inline(value, hint, path, scope);
    this.#ancestors.delete(value);
    return schema;
  }

  #named(exported: ExportedSchema): string {
    const { name: source, value, hint } = exported;
    const known = this.#nameOf.get(value);
    if (known !== undefined) return known;
    const name = pascalCase(source);
    this.#nameOf.set(value, name);
    if (isReservedType(source) || !isIdentifier(name)) {
      this.#problems.add(hint.at, source, `an exported schema cannot be called ${source}, a reserved word; rename it`);
    }
    this.#register(name, hint, source, () => this.#body(value as JsonSchema, hint, source, name));
    return name;
  }

  /** The schema of a named type: of a recursive one, its root's. */
  #body(value: JsonSchema, hint: Hint, path: string, name: string): JsonSchema {
    const { $ref: root, $defs: defs, ...beside } = value;
    // What a root requires beside its definition holds for the root alone: then the two are different types.
    const isDefinition = Object.keys(beside).every((keyword) => keyword === "$id" || keywordValue(keyword) === "note");
    if (!isDefinition || typeof root !== "string" || !isSchemaObject(defs) || !Object.hasOwn(defs, root)) {
      return this.#inline(value, hint, path, undefined);
    }
    const scope: Scope = { defs, hint, names: new Map([[root, name]]) };
    const schema = this.#member(root, scope, path);
    return describe({ ...schema, ...this.#keywords(value, hint, path, scope) }, hint.doc);
  }

  #inline(value: JsonSchema, hint: Hint, path: string, outer: Scope | undefined): JsonSchema {
    if (!("$ref" in value)) return describe(normalize(this.#keywords(value, hint, path, outer)), hint.doc);
    const { $ref: ref, $defs: defs } = value;
    const scope = isSchemaObject(defs) ? { defs, hint, names: new Map<string, string>() } : outer;
    if (typeof ref !== "string" || scope === undefined || !Object.hasOwn(scope.defs, ref)) {
      const message = `there is no type ${JSON.stringify(ref)} here; Type.Ref works inside Type.Cyclic and Type.Module`;
      this.#problems.add(hint.at, path, message);
      return {};
    }
    const target = refTo(this.#definition(ref, scope));
    const beside = normalize(this.#keywords(value, hint, path, scope));
    const isBare = Object.keys(withoutNotes(beside)).length === 0;
    const parts = Array.isArray(beside["allOf"]) ? beside["allOf"] : [];
    return describe(isBare ? { ...beside, ...target } : { ...beside, allOf: [target, ...parts] }, hint.doc);
  }

  /** The named type for one definition of `scope`. */
  #definition(key: string, scope: Scope): string {
    const known = scope.names.get(key);
    if (known !== undefined) return known;
    const name = pascalCase(key);
    scope.names.set(key, name);
    this.#register(name, scope.hint.child("$defs", key), key, () => this.#member(key, scope, key));
    return name;
  }

  /** The schema of one definition of `scope`. */
  #member(key: string, scope: Scope, path: string): JsonSchema {
    const value = scope.defs[key];
    const hint = scope.hint.child("$defs", key);
    if (isSchemaObject(value)) return this.#inline(value, hint, path, scope);
    this.#problems.add(hint.at, path, `give a TypeBox type; this is ${whatElse(value)}`);
    return {};
  }

  /** Two declarations may share a name only where a call cannot tell them apart. */
  #register(name: string, hint: Hint, path: string, read: () => JsonSchema): void {
    const earlier = this.#entries.get(name);
    if (earlier === undefined) {
      const entry: Entry = { hint, schema: undefined };
      this.#entries.set(name, entry);
      entry.schema = read();
      this.#refuseCircle(name, hint, path);
      return;
    }
    const schema = read();
    if (
      earlier.schema !== undefined &&
      canonicalJson(withoutNotes(earlier.schema)) === canonicalJson(withoutNotes(schema))
    )
      return;
    const { file, line } = earlier.hint.at;
    this.#problems.add(
      hint.at,
      path,
      `the type name ${name} belongs to another schema, at ${file}:${line}; rename one`,
    );
  }

  /** A circle is complete, and found, when the last of its types has been read. */
  #refuseCircle(name: string, hint: Hint, path: string): void {
    const circle = circleOf(name, (other) => this.schemaOf(other));
    if (circle === undefined) return;
    const way = circle.join(" → ");
    const message = `circular reference: ${way}; a type may contain itself only in a property, an array item or a record value`;
    this.#problems.add(hint.at, path, message);
    this.#circular.add(name);
  }

  /** The keywords of `value`, without the reference that it may be. */
  #keywords(value: JsonSchema, hint: Hint, path: string, scope: Scope | undefined): JsonSchema {
    const refusal = refuseKind(value);
    if (refusal !== undefined) {
      this.#problems.add(hint.at, path, refusal);
      return {};
    }
    const slow = refuseSlow(value);
    if (slow !== undefined) this.#problems.add(hint.at, path, slow);
    const read = new Set(["$id", "$schema", ...("$ref" in value ? ["$ref", "$defs"] : [])]);
    const entries = Object.entries(value).flatMap(([keyword, content]): [string, unknown][] => {
      if (read.has(keyword)) return [];
      const reason = refuseKeyword(keyword, content);
      if (reason !== undefined) {
        this.#problems.add(hint.at, path, reason);
        return [];
      }
      return [[keyword, this.#content(keyword, content, hint, path, scope)]];
    });
    return Object.fromEntries(entries);
  }

  #content(keyword: string, content: unknown, hint: Hint, path: string, scope: Scope | undefined): unknown {
    const kind = keywordValue(keyword);
    if (kind === "value" || kind === "note") return content;
    if (kind === "map") {
      const members = Object.entries(content as object).map(([key, member]): [string, unknown] => {
        const part = hint.child(keyword, key);
        const where =
          keyword === "properties" ? `${path}.${key}` : `${path}[${key === ANY_KEY ? "*" : JSON.stringify(key)}]`;
        if (key === "__proto__") this.#problems.add(part.at, where, "a property cannot be called __proto__; rename it");
        return [key, this.#read(member, part, where, scope)];
      });
      return Object.fromEntries(members);
    }
    if (Array.isArray(content)) {
      return content.map((member, index) => {
        const where = keyword === "items" ? `${path}[${index}]` : `${path}.${keyword}[${index}]`;
        return this.#read(member, hint.child(keyword, index), where, scope);
      });
    }
    return this.#read(content, hint.child(keyword), keyword === "items" ? `${path}[]` : `${path}.${keyword}`, scope);
  }
}

/** What stands in the place of a schema, for people. */
function whatElse(value: unknown): string {
  if (value === undefined) return "undefined; is an import misspelt, or do two files import each other?";
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  return Array.isArray(value) ? "a list" : `an instance of ${className(value)}, which JSON cannot carry`;
}

/** `Type.Optional(Note)` is a copy of Note: it has the same parts, and lost only its identity. */
function copied(value: JsonSchema, exported: ExportedSchema | undefined): ExportedSchema | undefined {
  if (exported === undefined) return undefined;
  const original = exported.value as JsonSchema;
  const keys = Object.keys(original);
  const same = keys.length === Object.keys(value).length && keys.every((key) => Object.is(original[key], value[key]));
  return same ? exported : undefined;
}
