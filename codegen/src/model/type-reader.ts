import type { JsonSchema } from "sshrpc/contract";
import type { Problems } from "../problem.js";
import type { NamedType } from "./api-model.js";
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

  /** The schema of a named type. */
  schemaOf(name: string): JsonSchema | undefined {
    return this.#entries.get(name)?.schema;
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
    const root = rootOf(value);
    if (root === undefined) return this.#plain(value, hint, path, undefined);
    const scope: Scope = { defs: root.defs, hint, names: new Map([[root.name, name]]) };
    const schema = this.#plain(root.schema, hint.child("$defs", root.name), path, scope);
    return describe(schema, hint.doc);
  }

  #inline(value: JsonSchema, hint: Hint, path: string, outer: Scope | undefined): JsonSchema {
    const root = rootOf(value);
    if (root !== undefined) {
      const scope: Scope = { defs: root.defs, hint, names: new Map() };
      return describe(refTo(this.#definition(root.name, scope)), hint.doc);
    }
    const ref = value["$ref"];
    if (typeof ref === "string") {
      if (outer !== undefined && Object.hasOwn(outer.defs, ref)) {
        return describe(refTo(this.#definition(ref, outer)), hint.doc);
      }
      this.#problems.add(
        hint.at,
        path,
        `there is no type "${ref}" here; Type.Ref works inside Type.Cyclic and Type.Module`,
      );
      return {};
    }
    return this.#plain(value, hint, path, outer);
  }

  /** The named type for one definition of `scope`. */
  #definition(key: string, scope: Scope): string {
    const known = scope.names.get(key);
    if (known !== undefined) return known;
    const name = pascalCase(key);
    scope.names.set(key, name);
    const hint = scope.hint.child("$defs", key);
    this.#register(name, hint, key, () => this.#plain(scope.defs[key] as JsonSchema, hint, key, scope));
    return name;
  }

  /** Two declarations may share a name only where a call cannot tell them apart. */
  #register(name: string, hint: Hint, path: string, read: () => JsonSchema): void {
    const earlier = this.#entries.get(name);
    if (earlier === undefined) {
      const entry: Entry = { hint, schema: undefined };
      this.#entries.set(name, entry);
      entry.schema = read();
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

  #plain(value: JsonSchema, hint: Hint, path: string, scope: Scope | undefined): JsonSchema {
    const refusal = refuseKind(value);
    if (refusal !== undefined) {
      this.#problems.add(hint.at, path, refusal);
      return {};
    }
    const slow = refuseSlow(value);
    if (slow !== undefined) this.#problems.add(hint.at, path, slow);
    const entries = Object.entries(value).flatMap(([keyword, content]): [string, unknown][] => {
      if (keyword === "$id" || keyword === "$schema") return [];
      const reason = refuseKeyword(keyword, content);
      if (reason !== undefined) {
        this.#problems.add(hint.at, path, reason);
        return [];
      }
      return [[keyword, this.#content(keyword, content, hint, path, scope)]];
    });
    return describe(normalize(Object.fromEntries(entries)), hint.doc);
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

function rootOf(
  value: JsonSchema,
): { name: string; schema: JsonSchema; defs: Readonly<Record<string, unknown>> } | undefined {
  const { $ref: name, $defs: defs } = value;
  if (typeof name !== "string" || !isSchemaObject(defs)) return undefined;
  const schema = defs[name];
  return isSchemaObject(schema) ? { name, schema, defs } : undefined;
}
