import type { JsonSchema } from "sshrpc/contract";
import { mapSubschemas, refName, type SchemaOrBoolean, withoutNotes } from "../../model/schema-walk.js";
import { type Variant, validatorName } from "./validator-names.js";

/** The keyword that calls the validator of another type. It exists only in schemas for ajv. */
export const CALL = "x-call";

/** Keywords whose subschemas apply to the same value. */
const IN_PLACE = ["allOf", "anyOf", "oneOf", "if", "then", "else", "dependentSchemas"] as const;

/** Keywords that declare properties. */
const NAMING = ["properties", "patternProperties"] as const;

/** Keywords about undeclared properties: a schema with one of them stays unchanged. */
const DECIDING = ["additionalProperties", "unevaluatedProperties"] as const;

const SAFE = Number.MAX_SAFE_INTEGER;

/** Rewrites schemas of the contract to schemas for ajv, for one variant at a time. */
export class Variants {
  readonly #types: ReadonlyMap<string, JsonSchema>;
  readonly #closable = new Map<string, boolean>();

  constructor(types: ReadonlyMap<string, JsonSchema>) {
    this.#types = types;
  }

  /** The schema for ajv that validates `schema` in `variant`. */
  of(schema: SchemaOrBoolean, variant: Variant): SchemaOrBoolean {
    return this.#rewrite(withoutNotes(schema), variant);
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
    const result = {
      ...mapSubschemas(rest, (sub, keyword) => this.#rewrite(sub, this.#inner(keyword, variant, split))),
      ...(name === undefined ? {} : this.#call(name, split ? "part" : variant)),
    };
    if (variant !== "closed" || decides(schema)) return result;
    if (split) return { ...result, unevaluatedProperties: false };
    return names(schema) ? { ...result, additionalProperties: false } : result;
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
function isSplit(schema: JsonSchema): boolean {
  if ("allOf" in schema || "if" in schema || "dependentSchemas" in schema) return true;
  return [names(schema), "$ref" in schema, "anyOf" in schema, "oneOf" in schema].filter(Boolean).length > 1;
}

function names(schema: JsonSchema): boolean {
  return NAMING.some((keyword) => keyword in schema);
}

function decides(schema: JsonSchema): boolean {
  return DECIDING.some((keyword) => keyword in schema);
}

/** Limits an integer without bounds to the safe integers of JavaScript, beyond which values are rounded. */
function bounded(schema: JsonSchema): JsonSchema {
  if (![schema["type"]].flat().includes("integer")) return schema;
  const low = "minimum" in schema || "exclusiveMinimum" in schema ? {} : { minimum: -SAFE };
  const high = "maximum" in schema || "exclusiveMaximum" in schema ? {} : { maximum: SAFE };
  return { ...schema, ...low, ...high };
}
