import type { Projection, Validator } from "../../contract/method.js";
import { any, checkScalar, misfit, scalar, writeScalar } from "./leaves.js";
import { mergeBranches, mergeParts } from "./merge-picks.js";
import { AllProjection, jsonOf, ObjectProjection, type OtherProperties } from "./object-projection.js";

/** A branch of a union: the validator that tells whether it applies, and its projection. */
type Branch = readonly [Validator, Projection];

/** No property of an object. Other values have none. */
const nothing: Projection = chosen((value) => (Array.isArray(value) ? any : NO_PROPERTIES));
const NO_PROPERTIES = new ObjectProjection({});

/** What generated code builds projections of. */
export const project = {
  /** Gives a validator its projection, which is built when it is first used: clients use none, servers few at first. */
  later: (validator: Validator, build: () => Projection): void => {
    const get = (): Projection => {
      const value = build();
      Object.defineProperty(validator, "projection", { value, writable: true });
      return value;
    };
    Object.defineProperty(validator, "projection", { configurable: true, enumerable: true, get });
  },
  any,
  scalar,
  nothing,
  object: (properties: Readonly<Record<string, Projection>>, others?: OtherProperties): Projection =>
    new ObjectProjection(properties, others),
  /** Arrays whose items are of one type. */
  array: (items: Projection): Projection => new ArrayProjection([], items),
  /** Arrays with a type for each place, and one for the items after them. */
  tuple: (items: readonly Projection[], rest: Projection): Projection => new ArrayProjection(items, rest),
  /** The projection of a named type, which may be assigned later: types may contain themselves. */
  ref: (validator: () => Validator): Projection => chosen(() => validator().projection ?? any),
  /** Values of several JSON types. */
  types: ({ object, array }: { readonly object?: Projection; readonly array?: Projection }): Projection =>
    chosen((value) => {
      if (typeof value !== "object" || value === null) return scalar;
      return (Array.isArray(value) ? array : object) ?? scalar;
    }),
  /** Objects whose property `tag` tells which of several types they have. */
  tagged: (tag: string, cases: readonly (readonly [unknown, Projection])[]): Projection => {
    const byValue = new Map(cases);
    return chosen((value) => byValue.get(fieldOf(value, tag)) ?? unmatched(`${tag} has another value`));
  },
  /**
   * Unions whose branches only a validator distinguishes. A value may match several, as long as it may have unknown properties, so
   * what any matching branch declares is kept. A branch that refuses unknown properties matches a value without them.
   */
  union: (branches: readonly Branch[]): Projection =>
    chosen((value) => {
      const matching = branches.flatMap(([validator, part]) =>
        validator(value) || fits(validator, part, value) ? [part] : [],
      );
      if (matching.length > 1) return new AllProjection(matching, mergeBranches);
      return matching[0] ?? unmatched("it matches no branch of a union");
    }),
  /** Values to which several schemas apply; `rest` is of the properties that none of them declares. */
  all: (parts: readonly Projection[], rest?: Projection): Projection => new AllProjection(parts, mergeParts, rest),
  /** Values to which one or another schema applies, depending on a validator: `if`. */
  when: (condition: Validator, matching: Projection, others: Projection): Projection =>
    chosen((value) => (condition(value) ? matching : others)),
  /** Objects to which a schema applies if they have a property: `dependentSchemas`. */
  having: (name: string, part: Projection): Projection =>
    chosen((value) => (fieldOf(value, name) === undefined ? nothing : part)),
};

/** Whether a validator accepts what its branch keeps of a value. */
function fits(validator: Validator, part: Projection, value: unknown): boolean {
  try {
    return validator(part.pick(value));
  } catch {
    // A value of another type.
    return false;
  }
}

function chosen(choose: (value: unknown) => Projection): Projection {
  return {
    write: (value) => choose(value).write(value),
    pick: (value) => choose(value).pick(value),
    isWhole: (value) => choose(value).isWhole(value),
  };
}

function fieldOf(value: unknown, name: string): unknown {
  return (value as Readonly<Record<string, unknown>> | null | undefined)?.[name];
}

function unmatched(why: string): never {
  throw misfit(why);
}

/** Items from which on `JSON.stringify` is faster than the items one by one. */
const MANY = 8;

class ArrayProjection implements Projection {
  readonly #items: readonly Projection[];
  readonly #rest: Projection;

  constructor(items: readonly Projection[], rest: Projection) {
    this.#items = items;
    this.#rest = rest;
  }

  write(value: unknown): string | undefined {
    const source = jsonOf(value);
    if (!Array.isArray(source)) return writeScalar(source);
    if (source.length >= MANY && this.isWhole(source)) return JSON.stringify(source);
    let text = "[";
    for (let index = 0; index < source.length; index += 1) {
      if (index > 0) text += ",";
      text += (this.#items[index] ?? this.#rest).write(source[index]) ?? "null";
    }
    return `${text}]`;
  }

  isWhole(value: unknown): boolean {
    if (typeof value !== "object" || value === null) return true;
    if (!Array.isArray(value) || jsonOf(value) !== value) return false;
    for (let index = 0; index < value.length; index += 1) {
      if (!(this.#items[index] ?? this.#rest).isWhole(value[index])) return false;
    }
    return true;
  }

  pick(value: unknown): unknown {
    const source = jsonOf(value);
    if (!Array.isArray(source)) return checkScalar(source);
    return Array.from(source, (item, index) => (this.#items[index] ?? this.#rest).pick(item));
  }
}
