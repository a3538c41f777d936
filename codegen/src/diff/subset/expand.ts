import type { JsonSchema } from "sshrpc/contract";
import type { Variant } from "../../emit/validators/validator-names.js";
import { decides, isSplit } from "../../emit/validators/variants.js";
import { refName, type SchemaOrBoolean, withoutNotes } from "../../model/schema/schema-walk.js";
import {
  type Alternative,
  ANY_ARRAY,
  ANY_NUMBER,
  ANY_OBJECT,
  ANY_STRING,
  constant,
  NEVER,
  type Objects,
  type Part,
  type Term,
  type Types,
  UNDECIDED,
} from "./alternative.js";
import { merge } from "./merge.js";
import { opaqueConstraints } from "./opaque.js";
import { ownAlternatives } from "./own.js";

/** More alternatives of one schema are not compared. */
const MAX_ALTERNATIVES = 200;

const ANY: readonly Alternative[] = [
  ...[constant(null), constant(true), constant(false)],
  ...[ANY_NUMBER, ANY_STRING, ANY_ARRAY, ANY_OBJECT],
];

/** The schema has too many alternatives, or contains itself outside of a property, an item and a record value. */
export class TooComplex extends Error {}

/**
 * Writes schemas of one side as lists of alternatives. Those of the sender may accept more than its validator, those of the
 * receiver less, so that a proof of inclusion holds for the validators.
 */
export class Expander {
  readonly #types: Types;
  readonly #side: "sender" | "receiver";
  readonly #known = new Map<Variant, WeakMap<JsonSchema, readonly Alternative[]>>();
  readonly #pending = new Set<string>();

  constructor(types: Types, side: "sender" | "receiver") {
    this.#types = types;
    this.#side = side;
  }

  /** @throws TooComplex */
  of(term: Term): readonly Alternative[] {
    return term.map((part) => this.#part(part)).reduce(product, ANY);
  }

  #part({ schema, variant }: Part): readonly Alternative[] {
    if (typeof schema === "boolean") return schema ? ANY : [];
    const byVariant = this.#known.get(variant) ?? new WeakMap<JsonSchema, readonly Alternative[]>();
    this.#known.set(variant, byVariant);
    const known = byVariant.get(schema) ?? this.#schema(withoutNotes(schema), variant);
    byVariant.set(schema, known);
    return known;
  }

  #schema(schema: JsonSchema, variant: Variant): readonly Alternative[] {
    const split = variant === "closed" && isSplit(schema);
    const inner = variant === "open" ? "open" : split || variant === "part" ? "part" : "closed";
    const name = refName(schema);
    const parts: (readonly Alternative[])[] = [ownAlternatives(schema, split ? "part" : variant)];
    if (name !== undefined) parts.push(this.#ref(name, split ? "part" : variant));
    for (const member of listOf(schema["allOf"])) parts.push(this.#part({ schema: member, variant: inner }));
    for (const keyword of ["anyOf", "oneOf"]) {
      if (schema[keyword] === undefined) continue;
      const branches = listOf(schema[keyword]).map((branch) => this.#part({ schema: branch, variant: inner }));
      parts.push(keyword === "oneOf" ? this.#exclusive(this.#union(branches, inner)) : this.#union(branches, inner));
    }
    const opaque = opaqueConstraints(schema, this.#types);
    const merged = parts.reduce(product).map((one) => withOpaque(one, opaque));
    const isClosed = (split && !decides(schema)) || schema["unevaluatedProperties"] === false;
    return isClosed ? merged.map((one) => this.#close(one, schema)) : merged;
  }

  #ref(name: string, variant: Variant): readonly Alternative[] {
    const target = this.#types.get(name);
    if (target === undefined) throw new TooComplex(`unknown type ${name}`);
    const key = `${variant} ${name}`;
    if (this.#pending.has(key)) throw new TooComplex(`type ${name} contains itself`);
    this.#pending.add(key);
    try {
      return this.#part({ schema: target, variant });
    } finally {
      this.#pending.delete(key);
    }
  }

  /** In a split schema, a value may have what any branch declares that it matches. */
  #union(branches: readonly (readonly Alternative[])[], variant: Variant): readonly Alternative[] {
    const all = branches.flat();
    if (this.#side === "receiver" || variant !== "part") return all;
    const objects = all.filter((one) => one.kind === "object");
    const declared = new Set(objects.flatMap(({ properties }) => [...properties.keys()]));
    const isOpen = objects.some(({ patterns, decided }) => patterns.length > 0 || decided);
    return all.map((one) => {
      if (one.kind !== "object") return one;
      const missing = [...declared]
        .filter((name) => !one.properties.has(name))
        .map((name) => [name, one.rest] as const);
      return { ...one, properties: new Map([...one.properties, ...missing]), decided: one.decided || isOpen };
    });
  }

  /** A value may match one branch only: nothing is sure of branches that overlap. */
  #exclusive(branches: readonly Alternative[]): readonly Alternative[] {
    if (this.#side === "sender") return branches;
    const isAlone = (one: Alternative): boolean =>
      branches.every((other) => one === other || areDisjoint(one, other, (term) => this.of(term)));
    return branches.map((one) => (isAlone(one) ? one : withOpaque(one, [[UNDECIDED, undefined]])));
  }

  #close(one: Alternative, schema: JsonSchema): Alternative {
    if (one.kind !== "object" || one.decided) return one;
    // What a condition declares is not known here: the sender may have any property.
    if (this.#side === "sender" && ("if" in schema || "dependentSchemas" in schema)) return one;
    const missing = [...one.required].filter((name) => !one.properties.has(name)).map((name) => [name, []] as const);
    return { ...one, properties: new Map([...one.properties, ...missing]), rest: NEVER };
  }
}

function product(left: readonly Alternative[], right: readonly Alternative[]): readonly Alternative[] {
  if (left === ANY) return right;
  if (right === ANY) return left;
  if (left.length * right.length > MAX_ALTERNATIVES ** 2) throw new TooComplex("too many alternatives");
  const merged = left.flatMap((one) => right.flatMap((other) => merge(one, other) ?? []));
  if (merged.length > MAX_ALTERNATIVES) throw new TooComplex(`more than ${MAX_ALTERNATIVES} alternatives`);
  return merged;
}

function withOpaque(one: Alternative, added: readonly (readonly [string, string | undefined])[]): Alternative {
  const own = added.filter(([, kind]) => kind === undefined || kind === one.kind || one.kind === "constant");
  return own.length === 0 ? one : { ...one, opaque: new Set([...one.opaque, ...own.map(([text]) => text)]) };
}

/** Whether no value matches both: by their type, or by a required property with different constants. */
function areDisjoint(a: Alternative, b: Alternative, expand: (term: Term) => readonly Alternative[]): boolean {
  if (a.kind !== "object" || b.kind !== "object") return merge(a, b) === undefined;
  return [...a.required].some((name) => {
    const [one, other] = [valuesOf(a, name, expand), valuesOf(b, name, expand)];
    return b.required.has(name) && one !== undefined && other !== undefined && one.every((v) => !other.includes(v));
  });
}

function valuesOf(
  { properties }: Objects,
  name: string,
  expand: (term: Term) => readonly Alternative[],
): readonly unknown[] | undefined {
  const term = properties.get(name);
  const alternatives = term?.every(({ schema }) => isFlat(schema)) === true ? expand(term) : undefined;
  if (alternatives?.every((one) => one.kind === "constant") !== true) return undefined;
  const values = alternatives.map((one) => (one.kind === "constant" ? one.value : undefined));
  return values.every((value) => typeof value !== "object") ? values : undefined;
}

function isFlat(schema: SchemaOrBoolean): boolean {
  return typeof schema === "object" && ("const" in schema || "enum" in schema);
}

function listOf(value: unknown): readonly SchemaOrBoolean[] {
  return Array.isArray(value) ? value : [];
}
