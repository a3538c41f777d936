import { type JsonSchema, keywordValue } from "sshrpc/contract";
import type { Position, Problems } from "../base/problem.js";
import type { NamedType } from "./api-model.js";
import { DefinitionNames } from "./definition-names.js";
import { copied, type ExportedSchema, type Hint, SchemaPart } from "./hint.js";
import { type ModelCache, PartRecorder, type Question } from "./model-cache.js";
import { NamedTypes } from "./named-types.js";
import { type NamingRules, pascalCase } from "./names.js";
import { describe, modernize, normalize } from "./normalize.js";
import { refuseKeyword, refuseKind, refuseName, refuseTogether } from "./refusals.js";
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

interface ReaderContext {
  readonly rules: NamingRules;
  readonly problems: Problems;
  readonly cache: ModelCache;
}

/** Converts TypeBox values to the JSON Schemas of the contract, and collects the named types that they use. */
export class TypeReader {
  readonly #exported: ReadonlyMap<object, ExportedSchema>;
  readonly #rules: NamingRules;
  readonly #problems: Problems;
  readonly #cache: ModelCache;
  /** The named types that were used so far. */
  readonly named: NamedTypes;
  readonly recorder: PartRecorder;
  /** The positions of properties that this run has read, by the objects that hold their schemas. */
  readonly fields = new Map<object, Readonly<Record<string, Position>>>();
  readonly #definitions = new DefinitionNames();
  readonly #nameOf = new Map<object, string>();
  /** The names of types without an export that refer to themselves as a whole. */
  readonly #recursive = new Map<object, string>();
  /** The schemas without a name that are being read, each inside the one before it. */
  readonly #ancestors = new Set<object>();
  /** The number of schemas around the one that is read. */
  #depth = 0;

  constructor(exported: ReadonlyMap<object, ExportedSchema>, { rules, problems, cache }: ReaderContext) {
    this.#exported = exported;
    this.#rules = rules;
    this.#problems = problems;
    this.#cache = cache;
    this.named = new NamedTypes(problems);
    this.recorder = new PartRecorder(problems, (question) => this.#answer(question));
  }

  /** The schema of a named type; undefined if there is none, or a walk through it would not end. */
  schemaOf(name: string): JsonSchema | undefined {
    return this.recorder.ask({ schemaOf: name }) as JsonSchema | undefined;
  }

  /** Where the properties of a schema that was read are declared. */
  fieldsOf({ properties }: JsonSchema): Readonly<Record<string, Position>> {
    return properties === undefined ? {} : (this.#cache.fields.get(properties as object) ?? {});
  }

  #answer(question: Question): unknown {
    if (typeof question === "string") return {};
    if ("schemaOf" in question) return this.named.schemaOf(question.schemaOf);
    const exported = this.#exported.get(question.nameOf) ?? question.copyOf;
    if (exported === undefined) return undefined;
    const depth = this.#depth;
    this.#depth = question.depth;
    const name = this.#nameOfExported(exported);
    this.#depth = depth;
    return name;
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
    const exported = this.#exportedName(part.value, hint);
    if (exported !== undefined) return describe(annotate(refTo(exported), part.value), hint.doc);
    const known = scope === undefined ? this.#recursive.get(part.value) : undefined;
    if (known !== undefined) return describe(refTo(known), hint.doc);
    if (this.#ancestors.has(part.value)) return this.#refuse(part, "the type contains itself; use Type.Cyclic");
    if (this.#depth === MAX_DEPTH) return this.#refuse(part, TOO_DEEP);
    this.#ancestors.add(part.value);
    this.#depth += 1;
    const title = typeof part.value["title"] === "string" ? pascalCase(part.value["title"]) : "";
    const inner = Scope.inside(part, scope, this.#rules.isIdentifier(title) ? title : rootName);
    const schema = this.#inline(part, scope, inner);
    this.#ancestors.delete(part.value);
    this.#depth -= 1;
    const name = scope === undefined ? inner.names.get(part.value) : undefined;
    if (name === undefined) return schema;
    this.#recursive.set(part.value, name);
    this.recorder.ask("run");
    this.named.add(name, part, () => this.#typeOf(name, part, schema));
    return refTo(name);
  }

  /** The name of the type of an exported schema, or of a copy of one. */
  #exportedName(value: JsonSchema, hint?: Hint): string | undefined {
    const copyOf = this.#exported.has(value) ? undefined : copied(value, hint?.exported);
    return this.recorder.ask({ nameOf: value, copyOf, depth: this.#depth }) as string | undefined;
  }

  /** @returns the schema to continue with */
  #refuse({ at, path }: SchemaPart, message: string): JsonSchema {
    this.#problems.add(at, path, message);
    return {};
  }

  #nameOfExported(exported: ExportedSchema): string {
    const { name: source, value, hint } = exported;
    const known = this.#nameOf.get(value);
    if (known !== undefined) return known;
    const name = pascalCase(source);
    this.#nameOf.set(value, name);
    const part = new SchemaPart(value as JsonSchema, hint, source);
    const reason =
      this.#rules.refuseType(source) ?? (this.#rules.isIdentifier(name) ? undefined : "is not an identifier");
    if (reason !== undefined) this.#refuse(part, `the name ${source} ${reason}; rename the schema`);
    const use = `${name} ${this.#depth}`;
    this.named.add(name, part, () =>
      this.recorder.reuse(this.#cache.types, part, use, () => this.#typeOf(name, part, this.#body(part, name))),
    );
    return name;
  }

  #typeOf(name: string, { at }: SchemaPart, schema: JsonSchema): NamedType {
    return { name, schema, at, fields: this.fieldsOf(schema) };
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
    const exported = typeof value === "object" && value !== null ? this.#exportedName(value as JsonSchema) : undefined;
    return refTo(exported ?? this.#definition(target, scope));
  }

  /** The named type for a definition. */
  #definition(target: Target, { names, rootName }: Scope): string {
    const { part, scope } = target;
    const known = names.get(part.value);
    if (known !== undefined) return known;
    // Equal keys are numbered in the order of the whole schema.
    this.recorder.ask("run");
    const name = scope === undefined ? rootName : this.#definitions.nameOf(target);
    names.set(part.value, name);
    const isFit = this.#rules.isIdentifier(name);
    if (!isFit) this.#refuse(part, `the name ${name} is not an identifier; rename the definition`);
    // The root is being read already.
    if (scope !== undefined) this.named.add(name, part, () => this.#typeOf(name, part, this.#member(target)));
    return name;
  }

  /** The schema of a definition. */
  #member({ part, scope }: Target): JsonSchema {
    const misfit = describeMisfit(part.value);
    if (misfit === undefined && part.isObject()) return this.#inline(part, scope);
    return this.#refuse(part, `expected a TypeBox type, got ${misfit}`);
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
    const fields = Object.fromEntries(members.map(([key, { at }]) => [key, at]));
    this.fields.set(read, fields);
    this.#cache.fields.set(read, fields);
    return read;
  }
}
