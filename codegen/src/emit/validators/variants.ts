import type { JsonSchema } from "sshrpc/contract";
import { mapSubschemas, refName, type SchemaOrBoolean } from "../../model/schema-walk.js";
import { withoutNotes } from "../../model/without-notes.js";
import { type Variant, validatorName } from "./validator-names.js";

/** The keyword that calls the validator of another type. It exists only in what ajv compiles. */
export const CALL = "x-call";

/** Keywords that say something of the same value again. */
const IN_PLACE = ["allOf", "anyOf", "oneOf", "if", "then", "else", "dependentSchemas"] as const;

/** Keywords that name properties. */
const NAMING = ["properties", "patternProperties"] as const;

/** Keywords that decide about properties nobody named: a schema that has one is left alone. */
const DECIDING = ["additionalProperties", "unevaluatedProperties"] as const;

const SAFE = Number.MAX_SAFE_INTEGER;

/** Rewrites schemas of the contract into what ajv compiles: one variant at a time. */
export class Variants {
  readonly #types: ReadonlyMap<string, JsonSchema>;
  readonly #closable = new Map<string, boolean>();

  constructor(types: ReadonlyMap<string, JsonSchema>) {
    this.#types = types;
  }

  /** The schema to compile for `schema` in `variant`. */
  of(schema: SchemaOrBoolean, variant: Variant): SchemaOrBoolean {
    return this.#rewrite(withoutNotes(schema), variant);
  }

  /** The variant that stands for `variant` of a named type: all are the same where nothing in it can be closed. */
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

  /** Whether closing changes anything in a schema, or in what it refers to. */
  #isClosable(schema: SchemaOrBoolean, seen: Set<string>): boolean {
    if (typeof schema === "boolean") return false;
    const name = refName(schema);
    if (name !== undefined) {
      const known = this.#closable.get(name);
      if (known !== undefined) return known;
      const target = this.#types.get(name);
      if (target !== undefined && !seen.has(name)) {
        const closable = this.#isClosable(target, seen.add(name));
        // Inside a cycle, false may only mean that the answer is still being looked for.
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

/** Whether several keywords speak of the same object, so that only together they know all its properties. */
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

/** An integer without bounds has those of the numbers that JavaScript keeps exact: beyond, it would be another one. */
function bounded(schema: JsonSchema): JsonSchema {
  if (![schema["type"]].flat().includes("integer")) return schema;
  const low = "minimum" in schema || "exclusiveMinimum" in schema ? {} : { minimum: -SAFE };
  const high = "maximum" in schema || "exclusiveMaximum" in schema ? {} : { maximum: SAFE };
  return { ...schema, ...low, ...high };
}
