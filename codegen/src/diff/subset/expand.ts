import type { JsonSchema } from "sshrpc/contract";
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
  type Part,
  type Reading,
  type Term,
  type Types,
  UNDECIDED,
} from "./alternative.js";
import { declare, declaredByConditions } from "./conditions.js";
import { areDisjoint } from "./disjoint.js";
import { merge, mergeSent } from "./merge.js";
import { opaqueConstraints } from "./opaque.js";
import { isSent, ownAlternatives } from "./own.js";
import { asPartOfUnion, asSentInUnion } from "./union.js";

/** More alternatives of one schema are not compared. */
const MAX_ALTERNATIVES = 200;

/** Keywords that codegen replaces: contracts of other programs may have them. */
const UNSUPPORTED = ["nullable", "dependencies"];

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
  readonly #known = new Map<Reading, WeakMap<JsonSchema, readonly Alternative[] | TooComplex>>();
  readonly #pending = new Set<string>();

  constructor(types: Types, side: "sender" | "receiver") {
    this.#types = types;
    this.#side = side;
  }

  /** @throws TooComplex */
  of(term: Term): readonly Alternative[] {
    return term.map((part) => this.#part(part)).reduce((a, b) => product(a, b, merge), ANY);
  }

  #part({ schema, variant }: Part): readonly Alternative[] {
    if (typeof schema === "boolean") return schema ? ANY : [];
    const byVariant = this.#known.get(variant) ?? new WeakMap<JsonSchema, readonly Alternative[] | TooComplex>();
    this.#known.set(variant, byVariant);
    const known = byVariant.get(schema) ?? this.#expanded(schema, variant);
    byVariant.set(schema, known);
    if (known instanceof TooComplex) throw known;
    return known;
  }

  #expanded(schema: JsonSchema, variant: Reading): readonly Alternative[] | TooComplex {
    try {
      return this.#schema(withoutNotes(schema), variant);
    } catch (error) {
      if (error instanceof TooComplex) return error;
      throw error;
    }
  }

  #schema(schema: JsonSchema, variant: Reading): readonly Alternative[] {
    const unknown = UNSUPPORTED.find((keyword) => keyword in schema);
    if (unknown !== undefined) throw new TooComplex(`the keyword ${unknown}`);
    const split = (variant === "closed" || variant === "sent") && isSplit(schema);
    const inner = !split ? variant : isSent(variant) ? "sent part" : "part";
    const name = refName(schema);
    if ("$ref" in schema && name === undefined) throw new TooComplex("a reference to no named type");
    const parts: (readonly Alternative[])[] = [ownAlternatives(schema, inner)];
    if (name !== undefined) parts.push(this.#ref(name, inner));
    for (const member of listOf(schema["allOf"])) parts.push(this.#part({ schema: member, variant: inner }));
    for (const keyword of ["anyOf", "oneOf"]) {
      if (schema[keyword] === undefined) continue;
      const branches = listOf(schema[keyword]).map((branch) => this.#part({ schema: branch, variant: inner }));
      parts.push(keyword === "oneOf" ? this.#exclusive(this.#union(branches, inner)) : this.#union(branches, inner));
    }
    const opaque = opaqueConstraints(schema, this.#types);
    // The sender may have what a condition declares.
    const declared = this.#side === "sender" ? declaredByConditions(schema) : [];
    const together = isSent(variant) ? mergeSent : merge;
    const merged = parts
      .reduce((a, b) => product(a, b, together))
      .map((one) => withOpaque(declare(one, declared), opaque));
    const isClosed = (split && !decides(schema)) || schema["unevaluatedProperties"] === false;
    return isClosed ? merged.map((one) => this.#close(one)) : merged;
  }

  #ref(name: string, variant: Reading): readonly Alternative[] {
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

  #union(branches: readonly (readonly Alternative[])[], variant: Reading): readonly Alternative[] {
    const all = branches.flat();
    if (isSent(variant)) return asSentInUnion(all, (one, other) => this.#areDisjoint(one, other));
    return this.#side === "sender" && variant === "part" ? asPartOfUnion(all) : all;
  }

  #areDisjoint(one: Alternative, other: Alternative): boolean {
    return areDisjoint(one, other, (term) => this.of(term));
  }

  /** A value may match one branch only: nothing is sure of branches that overlap. */
  #exclusive(branches: readonly Alternative[]): readonly Alternative[] {
    if (this.#side === "sender") return branches;
    const isAlone = (one: Alternative, index: number): boolean =>
      branches.every((other, at) => at === index || this.#areDisjoint(one, other));
    return branches.map((one, index) => (isAlone(one, index) ? one : withOpaque(one, [[UNDECIDED, undefined]])));
  }

  #close(one: Alternative): Alternative {
    if (one.kind !== "object" || one.decided) return one;
    // Validators do not close an object of which no schema declares a property.
    const isDeclared = one.patterns.length > 0 || [...one.properties.values()].some((term) => term.length > 0);
    if (this.#side === "sender" && !isDeclared) return one;
    const missing = [...one.required].filter((name) => !one.properties.has(name)).map((name) => [name, []] as const);
    return { ...one, properties: new Map([...one.properties, ...missing]), rest: NEVER };
  }
}

function product(
  left: readonly Alternative[],
  right: readonly Alternative[],
  together: (a: Alternative, b: Alternative) => Alternative | undefined,
): readonly Alternative[] {
  if (left === ANY) return right;
  if (right === ANY) return left;
  if (left.length * right.length > MAX_ALTERNATIVES ** 2) throw new TooComplex("too many alternatives");
  const merged = left.flatMap((one) => right.flatMap((other) => together(one, other) ?? []));
  if (merged.length > MAX_ALTERNATIVES) throw new TooComplex(`more than ${MAX_ALTERNATIVES} alternatives`);
  return merged;
}

function withOpaque(one: Alternative, added: readonly (readonly [string, string | undefined])[]): Alternative {
  const own = added.filter(([, kind]) => kind === undefined || kind === one.kind || one.kind === "constant");
  return own.length === 0 ? one : { ...one, opaque: new Set([...one.opaque, ...own.map(([text]) => text)]) };
}

function listOf(value: unknown): readonly SchemaOrBoolean[] {
  return Array.isArray(value) ? value : [];
}
