import type { Variant } from "../../emit/validators/validator-names.js";
import type { SchemaOrBoolean } from "../../model/schema/schema-walk.js";

/** The types of one contract, by name. */
export type Types = ReadonlyMap<string, SchemaOrBoolean>;

/**
 * How a side reads a schema: as a validator of a variant does, or as a server sends values: what the open validator accepts,
 * without undeclared properties. A value that matches several members of a union keeps what each of them declares.
 */
export type Reading = Variant | "sent" | "sent part";

/** A schema as one side reads it. */
export interface Part {
  readonly schema: SchemaOrBoolean;
  readonly variant: Reading;
}

/** Schemas that a value must match together; none for any value. */
export type Term = readonly Part[];

/** Accepts nothing. */
export const NEVER: Term = [{ schema: false, variant: "open" }];

interface Common {
  /** Constraints that are compared as texts only, such as `not`. */
  readonly opaque: ReadonlySet<string>;
}

/** One value. */
interface Constant extends Common {
  readonly kind: "constant";
  readonly value: unknown;
}

/** A limit of a number. */
export interface Limit {
  readonly value: number;
  readonly exclusive: boolean;
}

/** Numbers between limits. */
export interface Numbers extends Common {
  readonly kind: "number";
  readonly integer: boolean;
  readonly low: Limit;
  readonly high: Limit;
  readonly steps: readonly number[];
}

/** Texts of some lengths, patterns and formats. */
export interface Strings extends Common {
  readonly kind: "string";
  readonly min: number;
  readonly max: number;
  readonly patterns: readonly string[];
  readonly formats: readonly string[];
}

/** Arrays: the first items may have types of their own. */
export interface Arrays extends Common {
  readonly kind: "array";
  readonly first: readonly Term[];
  readonly rest: Term;
  readonly min: number;
  readonly max: number;
  readonly unique: boolean;
}

/** Objects by their properties. */
export interface Objects extends Common {
  readonly kind: "object";
  readonly properties: ReadonlyMap<string, Term>;
  readonly required: ReadonlySet<string>;
  readonly patterns: readonly (readonly [string, Term])[];
  /** The values of all other properties. */
  readonly rest: Term;
  readonly min: number;
  readonly max: number;
  /** Whether a schema says which other properties it accepts. */
  readonly decided: boolean;
}

/** The values of one JSON type that a schema accepts. A schema is a list of these. */
export type Alternative = Constant | Numbers | Strings | Arrays | Objects;

/** A constraint that no proof uses: such an alternative of a receiver accepts nothing for sure. */
export const UNDECIDED = "undecided";

const NONE: ReadonlySet<string> = new Set();
/** Accepts every number. */
export const ANY_NUMBER: Numbers = {
  kind: "number",
  integer: false,
  low: { value: Number.NEGATIVE_INFINITY, exclusive: false },
  high: { value: Number.POSITIVE_INFINITY, exclusive: false },
  steps: [],
  opaque: NONE,
};
/** Accepts every text. */
export const ANY_STRING: Strings = { kind: "string", min: 0, max: Infinity, patterns: [], formats: [], opaque: NONE };
/** Accepts every array. */
export const ANY_ARRAY: Arrays = {
  kind: "array",
  first: [],
  rest: [],
  min: 0,
  max: Infinity,
  unique: false,
  opaque: NONE,
};
/** Accepts every object. */
export const ANY_OBJECT: Objects = {
  kind: "object",
  properties: new Map(),
  required: new Set(),
  patterns: [],
  rest: [],
  min: 0,
  max: Infinity,
  decided: false,
  opaque: NONE,
};

/** Accepts one value. */
export function constant(value: unknown): Constant {
  return { kind: "constant", value, opaque: NONE };
}

/** Values that may have undeclared properties. */
export function asOpen(term: Term): Term {
  return term.map(({ schema }) => ({ schema, variant: "open" }));
}

/** The values of a property, of those that the alternative accepts. */
export function propertyOf({ properties, patterns, rest }: Objects, name: string): Term {
  const matching = patterns.filter(([pattern]) => new RegExp(pattern, "u").test(name)).map(([, term]) => term);
  const own = properties.get(name);
  if (own === undefined && matching.length === 0) return rest;
  return [...(own ?? []), ...matching.flat()];
}

/** The values of the item at an index. */
export function itemOf({ first, rest }: Arrays, index: number): Term {
  return first[index] ?? rest;
}
