import type { Projection } from "../../contract/method.js";
import { any, checkScalar, misfit, scalar, writeScalar, writeString } from "./leaves.js";
import { mergeParts } from "./merge-picks.js";

type Named = Readonly<Record<string, unknown>>;

/** The properties of an object that `properties` does not name. Without it they are dropped. */
export interface OtherProperties {
  /** Those whose name matches a pattern. */
  readonly patterns?: readonly (readonly [RegExp, Projection])[];
  /** Those that nothing else declares. */
  readonly rest?: Projection;
}

/**
 * Objects, reduced to declared properties. They are read as the validator reads them, so that what it checked is what is sent: also
 * a getter of a class.
 */
export class ObjectProjection implements Projection {
  readonly #names: readonly string[];
  readonly #known: ReadonlySet<string>;
  readonly #parts: readonly Projection[];
  readonly #first: readonly string[];
  readonly #next: readonly string[];
  /** Whether a value has the property at each index by inheritance, such as `toString`. */
  readonly #inherited: readonly boolean[];
  readonly #others: OtherProperties | undefined;

  constructor(properties: Readonly<Record<string, Projection>>, others?: OtherProperties) {
    this.#names = Object.keys(properties);
    this.#known = new Set(this.#names);
    this.#parts = Object.values(properties);
    this.#first = this.#names.map((name) => `{${writeString(name)}:`);
    this.#next = this.#names.map((name) => `,${writeString(name)}:`);
    this.#inherited = this.#names.map((name) => name in Object.prototype);
    this.#others = others;
  }

  write(value: unknown): string | undefined {
    return this.#write(jsonOf(value));
  }

  pick(value: unknown): unknown {
    const source = jsonOf(value);
    if (typeof source !== "object" || source === null || Array.isArray(source)) return checkScalar(source);
    return Object.fromEntries(this.#kept(source).map(([name, field, part]) => [name, part.pick(field)]));
  }

  /** Only if its properties are in the order of the schema. */
  isWhole(value: unknown): boolean {
    if (typeof value !== "object" || value === null) return true;
    if (this.#others !== undefined || hasToJson(value) || Array.isArray(value)) return false;
    let index = 0;
    for (const name in value) {
      while (this.#names[index] !== name) {
        index += 1;
        if (index >= this.#names.length) return false;
      }
      const part = this.#parts[index] as Projection;
      if (part !== scalar && part !== any && !part.isWhole((value as Named)[name])) return false;
      index += 1;
    }
    return this.#isPlain(value);
  }

  /** Whether the validator reads the same properties as `JSON.stringify`. */
  #isPlain(value: object): boolean {
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === null || prototype === Object.prototype;
  }

  #write(value: unknown): string | undefined {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return writeScalar(value);
    if (this.#others !== undefined) return this.#writeAll(value);
    let text = "";
    for (let index = 0; index < this.#names.length; index += 1) {
      const field = this.#read(value, index);
      if (field === undefined) continue;
      const part = (this.#parts[index] as Projection).write(field);
      if (part !== undefined) text += (text === "" ? this.#first : this.#next)[index] + part;
    }
    return text === "" ? "{}" : `${text}}`;
  }

  #writeAll(value: object): string {
    let text = "";
    for (const [name, field, part] of this.#kept(value)) {
      const written = part.write(field);
      if (written !== undefined) text += `${text === "" ? "{" : ","}${writeString(name)}:${written}`;
    }
    return text === "" ? "{}" : `${text}}`;
  }

  #read(value: object, index: number): unknown {
    const name = this.#names[index] as string;
    if (this.#inherited[index] && !Object.hasOwn(value, name)) return undefined;
    return (value as Named)[name];
  }

  /** The properties that stay, with their projections. */
  #kept(value: object): (readonly [string, unknown, Projection])[] {
    const kept: (readonly [string, unknown, Projection])[] = [];
    for (const [index, name] of this.#names.entries()) {
      const field = this.#read(value, index);
      if (field !== undefined) kept.push([name, field, this.#parts[index] as Projection]);
    }
    if (this.#others === undefined) return kept;
    const { patterns = [], rest } = this.#others;
    for (const [name, field] of Object.entries(value)) {
      if (field === undefined || this.#known.has(name)) continue;
      const matching = patterns.flatMap(([pattern, part]) => (pattern.test(name) ? [part] : []));
      const part = matching.length > 1 ? new AllProjection(matching, mergeParts) : (matching[0] ?? rest);
      if (part !== undefined) kept.push([name, field, part]);
    }
    return kept;
  }
}

/** Values of which several schemas declare parts, as in `allOf`. */
export class AllProjection implements Projection {
  readonly #parts: readonly Projection[];
  readonly #merge: typeof mergeParts;
  readonly #rest: Projection | undefined;

  /** @param rest of the properties that no part declares: `unevaluatedProperties` */
  constructor(parts: readonly Projection[], merge: typeof mergeParts, rest?: Projection) {
    this.#parts = parts;
    this.#merge = merge;
    this.#rest = rest;
  }

  write(value: unknown): string | undefined {
    return JSON.stringify(this.pick(value));
  }

  isWhole(): boolean {
    return false;
  }

  pick(value: unknown): unknown {
    const source = jsonOf(value);
    const parts = Array.isArray(source)
      ? this.#parts.filter((part) => !(part instanceof ObjectProjection))
      : this.#parts;
    if (parts.length === 0) throw misfit("an array in place of an object");
    const picked = parts.map((part) => part.pick(source)).reduce((one, other) => this.#merge(one, other, source));
    if (this.#rest === undefined || typeof picked !== "object" || picked === null || Array.isArray(picked))
      return picked;
    const rest = this.#rest;
    const others = Object.entries(source as object).filter(([name]) => !Object.hasOwn(picked, name));
    return Object.fromEntries([
      ...Object.entries(picked),
      ...others.map(([name, field]) => [name, rest.pick(field)] as const),
    ]);
  }
}

/** What JSON has of a value: the result of `toJSON`, if it has that method. */
export function jsonOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return hasToJson(value) ? value.toJSON("") : value;
}

function hasToJson(value: object): value is { toJSON(key: string): unknown } {
  return typeof (value as { readonly toJSON?: unknown }).toJSON === "function";
}
