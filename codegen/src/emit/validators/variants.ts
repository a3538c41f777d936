import type { JsonSchema } from "sshrpc/contract";
import { Memo } from "../../base/memo.js";
import { mapSubschemas, refName, type SchemaOrBoolean, withoutNotes } from "../../model/schema/schema-walk.js";
import { CALL, FIRST } from "../shape/own-keywords.js";
import { type TypesByName, unionCases } from "../shape/union-cases.js";
import { type Variant, validatorName } from "./validator-names.js";

/** Keywords whose subschemas apply to the same value. */
const IN_PLACE = ["allOf", "anyOf", "oneOf", "if", "then", "else", "dependentSchemas"] as const;

/** Keywords that declare properties: `required` those without a schema. */
const NAMING = ["properties", "patternProperties", "required"] as const;

/** Keywords about undeclared properties: a schema with one of them stays unchanged. */
const DECIDING = ["additionalProperties", "unevaluatedProperties"] as const;

const SAFE = Number.MAX_SAFE_INTEGER;

/** The results of {@link Variants.of}. */
const REWRITTEN = new Memo<SchemaOrBoolean>();

/** Rewrites schemas of the contract to schemas for ajv, for one variant at a time. */
export class Variants {
  readonly #types: TypesByName;
  readonly #closable = new Map<string, boolean>();

  constructor(types: TypesByName) {
    this.#types = types;
  }

  /** The schema for ajv that validates `schema` in `variant`. */
  of(schema: SchemaOrBoolean, variant: Variant): SchemaOrBoolean {
    const bare = withoutNotes(schema);
    if (typeof bare === "boolean") return bare;
    const typeOf = (name: string): unknown => this.#types.get(name);
    return REWRITTEN.get(bare, variant, typeOf, (ask) => {
      const types: TypesByName = { get: (name) => ask(name) as JsonSchema | undefined };
      return new Variants(types).#rewrite(bare, variant);
    });
  }

  /** The variant to use for `variant` of a named type: `open` if closing has no effect. */
  needed(type: string, variant: Variant): Variant {
    return variant === "open" || this.#isClosable({ $ref: `#/types/${type}` }, new Set()) ? variant : "open";
  }

  #rewrite(schema: SchemaOrBoolean, variant: Variant): SchemaOrBoolean {
    if (typeof schema === "boolean") return schema;
    const name = refName(schema);
    const { $ref: _, ...rest } = bounded(schema);
    if (name !== undefined && Object.keys(rest).length === 0) return this.#call(name, variant);
    const split = variant === "closed" && isSplit(schema);
    const declared = variant === "open" ? rest : declareRequired(rest);
    const rewritten = mapSubschemas(declared, (sub, keyword) =>
      this.#rewrite(sub, this.#inner(keyword, variant, split)),
    );
    const result: JsonSchema = {
      ...this.#withCases(rewritten, schema),
      ...(name === undefined ? {} : this.#call(name, split ? "part" : variant)),
    };
    if (this.#isScalar(schema, new Set())) return hasOneConstraint(result) ? result : { [FIRST]: result };
    return this.#close(arrayInOrder(result), schema, variant);
  }

  #close(result: JsonSchema, schema: JsonSchema, variant: Variant): JsonSchema {
    const split = variant === "closed" && isSplit(schema);
    if (variant !== "closed" || decides(schema)) return result;
    if (split) return { ...result, unevaluatedProperties: false };
    return names(schema) ? { ...result, additionalProperties: false } : result;
  }

  /** Whether a schema, and the types that it refers to, say nothing about properties or items. */
  #isScalar(schema: SchemaOrBoolean, seen: ReadonlySet<string>): boolean {
    if (typeof schema === "boolean") return true;
    if (CHILDREN.some((keyword) => keyword in schema)) return false;
    const name = refName(schema);
    const target = name === undefined || seen.has(name) ? undefined : this.#types.get(name);
    if (name !== undefined && target !== undefined && !this.#isScalar(target, new Set(seen).add(name))) return false;
    let scalar = true;
    mapSubschemas(schema, (sub, keyword) => {
      // What a value must not be declares nothing.
      scalar &&= keyword === "not" || this.#isScalar(sub, seen);
      return sub;
    });
    return scalar;
  }

  /** Replaces the union of a schema by its cases. */
  #withCases(rewritten: JsonSchema, schema: JsonSchema): JsonSchema {
    const keyword = "anyOf" in schema ? "anyOf" : "oneOf";
    const { [keyword]: union, ...rest } = rewritten;
    if (!Array.isArray(union)) return rewritten;
    const originals = schema[keyword] as readonly SchemaOrBoolean[];
    const branches = union.map((branch: unknown, index) => ({
      schema: originals[index] as SchemaOrBoolean,
      rewritten: branch,
    }));
    const cases = unionCases({ keyword, branches }, this.#types);
    if (Object.keys(rest).length === 0) return cases;
    return { ...rest, allOf: [...((rest["allOf"] as unknown[] | undefined) ?? []), cases] };
  }

  /** The variant of a schema directly inside one of `variant`. */
  #inner(keyword: string, variant: Variant, split: boolean): Variant {
    if (variant === "open" || keyword === "not" || keyword === "propertyNames") return "open";
    if (!(IN_PLACE as readonly string[]).includes(keyword)) return "closed";
    return split || variant === "part" ? "part" : "closed";
  }

  #call(type: string, variant: Variant): JsonSchema {
    return { [CALL]: validatorName(type, this.needed(type, variant)) };
  }

  /** Whether closing has an effect on a schema or on the types that it refers to. */
  #isClosable(schema: SchemaOrBoolean, seen: Set<string>): boolean {
    if (typeof schema === "boolean") return false;
    const name = refName(schema);
    if (name !== undefined) {
      const known = this.#closable.get(name);
      if (known !== undefined) return known;
      const target = this.#types.get(name);
      if (target !== undefined && !seen.has(name)) {
        const closable = this.#isClosable(target, seen.add(name));
        // Inside a cycle, false can mean that the search is incomplete.
        if (closable || seen.size === 1) this.#closable.set(name, closable);
        if (closable) return true;
      }
    }
    if ((names(schema) && !decides(schema)) || isSplit(schema)) return true;
    let found = false;
    mapSubschemas(schema, (sub) => {
      found ||= this.#isClosable(sub, seen);
      return sub;
    });
    return found;
  }
}

/** Whether several keywords declare properties of the same object. */
export function isSplit(schema: JsonSchema): boolean {
  if ("allOf" in schema || "if" in schema || "dependentSchemas" in schema) return true;
  return [names(schema), "$ref" in schema, "anyOf" in schema, "oneOf" in schema].filter(Boolean).length > 1;
}

/** Declares the properties that `required` alone names: a closed object could not have them otherwise. */
function declareRequired(schema: JsonSchema): JsonSchema {
  const properties = (schema["properties"] ?? {}) as Readonly<Record<string, unknown>>;
  const required = (schema["required"] ?? []) as readonly string[];
  const missing = required.filter((name) => !Object.hasOwn(properties, name));
  if (missing.length === 0 || decides(schema)) return schema;
  return { ...schema, properties: { ...properties, ...Object.fromEntries(missing.map((name) => [name, true])) } };
}

function hasOneConstraint({ type: _, ...constraints }: JsonSchema): boolean {
  return Object.keys(constraints).length < 2;
}

/** Keywords about properties and items. */
const CHILDREN: readonly string[] = [
  ...["properties", "patternProperties", "required", "additionalProperties", "unevaluatedProperties", "propertyNames"],
  ...["items", "additionalItems", "unevaluatedItems", "contains", "dependentSchemas"],
];

/** Constraints of an array as a whole. */
const OF_ARRAY: readonly string[] = ["maxItems", "minItems", "uniqueItems"];

/** Moves the constraints of an array as a whole to a schema that stops at the first fault. */
function arrayInOrder(schema: JsonSchema): JsonSchema {
  const isMoved = ([keyword]: readonly [string, unknown]): boolean => OF_ARRAY.includes(keyword);
  const entries = Object.entries(schema);
  const moved = entries.filter(isMoved);
  if (moved.length < 2) return schema;
  return { ...Object.fromEntries(entries.filter((entry) => !isMoved(entry))), [FIRST]: Object.fromEntries(moved) };
}

/** Whether a schema declares properties. */
export function names(schema: JsonSchema): boolean {
  return NAMING.some((keyword) => keyword in schema);
}

/** Whether a schema says which undeclared properties it accepts. */
export function decides(schema: JsonSchema): boolean {
  return DECIDING.some((keyword) => keyword in schema);
}

/** Limits an integer without bounds to the safe integers of JavaScript, beyond which values are rounded. */
function bounded(schema: JsonSchema): JsonSchema {
  if (![schema["type"]].flat().includes("integer")) return schema;
  const low = "minimum" in schema || "exclusiveMinimum" in schema ? {} : { minimum: -SAFE };
  const high = "maximum" in schema || "exclusiveMaximum" in schema ? {} : { maximum: SAFE };
  return { ...schema, ...low, ...high };
}
