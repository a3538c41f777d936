import { type JsonSchema, keywordValue } from "sshrpc/contract";
import type { Position, Problems } from "../base/problem.js";
import type { NamedType } from "./api-model.js";
import { DefinitionNames } from "./definition-names.js";
import { copied, type ExportedSchema, type Hint, SchemaPart } from "./hint.js";
import { type NamingRules, pascalCase } from "./names.js";
import { describe, modernize, normalize } from "./normalize.js";
import { refuseKeyword, refuseKind, refuseName, refuseTogether } from "./refusals.js";
import { circleOf } from "./schema/circle-of.js";
import { canonicalJson } from "./schema/json-value.js";
import { refTo, type SchemaOrBoolean, withoutNotes } from "./schema/schema-walk.js";
import { Scope, type Target, unknownReference } from "./scope.js";
import { describeMisfit } from "./typebox/misfit.js";
import { annotate } from "./typebox/typescript-note.js";

/** Keywords that the reader resolves: the contract has none of them. */
const RESOLVED: ReadonlySet<string> = new Set(
  "$id $schema $anchor $ref $recursiveRef $recursiveAnchor $defs definitions".split(" "),
);

/** The maximum depth of a type without names in it. Generated code is as deep, and its readers have a stack. */
const MAX_DEPTH = 100;
const TOO_DEEP = `nested more than ${MAX_DEPTH} levels deep; export the inner types as constants`;

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
  /** The positions of properties, by the objects that hold their schemas. */
  readonly fields = new Map<object, Readonly<Record<string, Position>>>();
  readonly #circular = new Set<string>();
  readonly #definitions = new DefinitionNames();
  readonly #nameOf = new Map<object, string>();
  /** The names of types without an export that refer to themselves as a whole. */
  readonly #recursive = new Map<object, string>();
  /** The schemas without a name that are being read, each inside the one before it. */
  readonly #ancestors = new Set<object>();

  constructor(exported: ReadonlyMap<object, ExportedSchema>, rules: NamingRules, problems: Problems) {
    this.#exported = exported;
    this.#rules = rules;
    this.#problems = problems;
  }

  /** The named types that were used so far, by name. */
  get types(): readonly NamedType[] {
    const types = [...this.#entries].flatMap(([name, { hint, schema }]) =>
      schema === undefined ? [] : [{ name, schema, at: hint.at, fields: this.fieldsOf(schema) }],
    );
    return types.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The schema of a named type; undefined if there is none, or a walk through it would not end. */
  schemaOf(name: string): JsonSchema | undefined {
    return this.#circular.has(name) ? undefined : this.#entries.get(name)?.schema;
  }

  /** Where the properties of a schema that was read are declared. */
  fieldsOf({ properties }: JsonSchema): Readonly<Record<string, Position>> {
    return this.fields.get(properties as object) ?? {};
  }

  /** Where the named type `name` was declared; undefined if there is none. */
  declaredAt(name: string): Hint | undefined {
    return this.#entries.get(name)?.hint;
  }

  /**
   * Reads a TypeBox value. Values that cannot be part of a contract are reported as problems.
   * @param name the name of the type if it refers to itself as a whole, with `#`
   */
  read(part: SchemaPart, name: string): JsonSchema {
    const schema = this.#read(part, undefined, name);
    return typeof schema === "boolean" ? (schema ? {} : { not: {} }) : schema;
  }

  #read(part: SchemaPart, scope: Scope | undefined, rootName = ""): SchemaOrBoolean {
    const { value, hint } = part;
    if (typeof value === "boolean") return value;
    const misfit = describeMisfit(value);
    if (misfit !== undefined || !part.isObject()) return this.#refuse(part, `expected a TypeBox type, got ${misfit}`);
    const exported = this.#exported.get(part.value) ?? copied(part.value, hint.exported);
    if (exported !== undefined) return describe(annotate(refTo(this.#named(exported)), part.value), hint.doc);
    const known = scope === undefined ? this.#recursive.get(part.value) : undefined;
    if (known !== undefined) return describe(refTo(known), hint.doc);
    if (this.#ancestors.has(part.value)) return this.#refuse(part, "the type contains itself; use Type.Cyclic");
    if (this.#ancestors.size === MAX_DEPTH) return this.#refuse(part, TOO_DEEP);
    this.#ancestors.add(part.value);
    const title = typeof part.value["title"] === "string" ? pascalCase(part.value["title"]) : "";
    const inner = Scope.inside(part, scope, this.#rules.isIdentifier(title) ? title : rootName);
    const schema = this.#inline(part, scope, inner);
    this.#ancestors.delete(part.value);
    const name = scope === undefined ? inner.names.get(part.value) : undefined;
    if (name === undefined) return schema;
    this.#recursive.set(part.value, name);
    this.#register(name, part, () => schema);
    return refTo(name);
  }

  /** @returns the schema to continue with */
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
    const scope = Scope.inside(part, undefined);
    scope.names.set(value, name);
    const { $ref: ref, $defs: _, definitions: __, ...beside } = value;
    // Other keywords of the root apply to the root alone, so the root and its definition are different types.
    const isDefinition = Object.keys(beside).every((keyword) => keyword === "$id" || keywordValue(keyword) === "note");
    const [target, ...others] = isDefinition && typeof ref === "string" ? scope.resolve(ref) : [];
    if (target === undefined || others.length > 0 || scope.names.has(target.part.value)) {
      return this.#inline(part, undefined, scope);
    }
    scope.names.set(target.part.value, name);
    return describe({ ...this.#member(target), ...this.#keywords(part, scope) }, hint.doc);
  }

  /** @param inner the scope inside `part`, where it is known */
  #inline(part: SchemaPart<JsonSchema>, outer: Scope | undefined, inner?: Scope): JsonSchema {
    const { value, hint } = part;
    const scope = inner ?? Scope.inside(part, outer);
    const type = "~unsafe" in value ? hint.typeArgument : undefined;
    const keywords = annotate(normalize(this.#keywords(part, scope)), value, type);
    const ref = value["$ref"] ?? value["$recursiveRef"];
    if (ref === undefined) return describe(keywords, hint.doc);
    const target = this.#reference(part, ref, scope);
    const isBare = Object.keys(withoutNotes(keywords)).length === 0;
    const parts = Array.isArray(keywords["allOf"]) ? keywords["allOf"] : [];
    return describe(isBare ? { ...keywords, ...target } : { ...keywords, allOf: [target, ...parts] }, hint.doc);
  }

  /** What a reference stands for: a named type. */
  #reference(part: SchemaPart, ref: unknown, scope: Scope): JsonSchema {
    const [target, ...others] = typeof ref === "string" ? scope.resolve(ref) : [];
    if (target === undefined) return this.#refuse(part, unknownReference(ref));
    if (others.length > 0) {
      return this.#refuse(part, `ambiguous reference "${ref}"; name the definitions of an embedded schema differently`);
    }
    const { value } = target.part;
    if (typeof value === "boolean") return value ? {} : { not: {} };
    const exported = typeof value === "object" && value !== null ? this.#exported.get(value) : undefined;
    return refTo(exported === undefined ? this.#definition(target, scope) : this.#named(exported));
  }

  /** The named type for a definition. */
  #definition(target: Target, { names, rootName }: Scope): string {
    const { part, scope } = target;
    const known = names.get(part.value);
    if (known !== undefined) return known;
    const name = scope === undefined ? rootName : this.#definitions.nameOf(target);
    names.set(part.value, name);
    const isFit = this.#rules.isIdentifier(name);
    if (!isFit) this.#refuse(part, `the name ${name} is not an identifier; rename the definition`);
    // The root is being read already.
    if (scope !== undefined) this.#register(name, part, () => this.#member(target));
    return name;
  }

  /** The schema of a definition. */
  #member({ part, scope }: Target): JsonSchema {
    const misfit = describeMisfit(part.value);
    if (misfit === undefined && part.isObject()) return this.#inline(part, scope);
    return this.#refuse(part, `expected a TypeBox type, got ${misfit}`);
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
    const [one, other] = [earlier.schema ?? false, read()].map((schema) => canonicalJson(withoutNotes(schema)));
    if (one === other) return;
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

  /** The keywords of a schema, without references and definitions. */
  #keywords(part: SchemaPart<JsonSchema>, scope: Scope): JsonSchema {
    const refusal = refuseKind(part.value);
    if (refusal !== undefined) return this.#refuse(part, refusal);
    for (const reason of refuseTogether(part.value)) this.#refuse(part, reason);
    const value = modernize(part.value);
    const modern = new SchemaPart(value, part.hint, part.path);
    const entries = Object.entries(value).flatMap(([keyword, content]): [string, unknown][] => {
      if (RESOLVED.has(keyword)) return [];
      const reason = refuseKeyword(keyword, content);
      if (reason === undefined) return [[keyword, this.#content(modern, keyword, scope)]];
      this.#refuse(part, reason);
      return [];
    });
    return Object.fromEntries(entries);
  }

  /** The content of one keyword, with the schemas in it read. */
  #content(part: SchemaPart<JsonSchema>, keyword: string, scope: Scope): unknown {
    const content = part.value[keyword];
    const kind = keywordValue(keyword);
    if (kind === "value" || kind === "note") return content;
    if (Array.isArray(content)) return content.map((_, index) => this.#read(part.subschema(keyword, index), scope));
    if (kind !== "map") return this.#read(part.subschema(keyword), scope);
    const members = Object.keys(content as object).map((key) => [key, part.subschema(keyword, key)] as const);
    for (const [key, member] of members)
      for (const reason of refuseName(key, keyword, part.value)) this.#refuse(member, reason);
    const read = Object.fromEntries(members.map(([key, member]) => [key, this.#read(member, scope)]));
    this.fields.set(read, Object.fromEntries(members.map(([key, { at }]) => [key, at])));
    return read;
  }
}
