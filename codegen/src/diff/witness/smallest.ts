import { type Alternative, type Arrays, itemOf, type Objects, propertyOf, type Term } from "../subset/alternative.js";
import type { Expander } from "../subset/expand.js";
import { TooComplex } from "../subset/expand.js";
import { sampleNumbers, sampleStrings } from "./scalars.js";

/** The nesting after which a value is not completed: a type may have no finite value. */
const MAX_DEPTH = 24;

/** The maximum length of an array in a witness, which people read. */
const MAX_ITEMS = 10_000;

/** Writes small values of types of one side. */
export class SmallestValues {
  readonly #sender: Expander;
  readonly #known = new WeakMap<Alternative, unknown>();

  constructor(sender: Expander) {
    this.#sender = sender;
  }

  /** A small value that the type seems to accept; undefined if none was found. */
  of(term: Term, depth = 0): unknown {
    for (const value of this.several(term, depth)) return value;
    return undefined;
  }

  /** Small values, one of each alternative. */
  *several(term: Term, depth = 0): Generator<unknown, undefined> {
    if (depth > MAX_DEPTH) return undefined;
    let alternatives: readonly Alternative[] = [];
    try {
      alternatives = this.#sender.of(term);
    } catch (error) {
      if (!(error instanceof TooComplex)) throw error;
    }
    // Scalars first: they end a type that contains itself.
    const sorted = [...alternatives].sort((a, b) => rank(a) - rank(b));
    for (const one of sorted) {
      const value = this.ofAlternative(one, depth);
      if (value !== undefined) yield value;
    }
    return undefined;
  }

  /** Values are not changed: a known one is used again. */
  ofAlternative(one: Alternative, depth = 0): unknown {
    const known = this.#known.get(one) ?? this.#make(one, depth);
    if (known !== undefined) this.#known.set(one, known);
    return known;
  }

  #make(one: Alternative, depth: number): unknown {
    switch (one.kind) {
      case "constant":
        return one.value;
      case "number":
        return sampleNumbers(one, [])[0];
      case "string":
        return shortest(sampleStrings(one, []));
      case "array":
        return this.array(one, one.min, depth);
      case "object":
        return this.object(one, depth);
    }
  }

  array(one: Arrays, length: number, depth = 0): unknown[] | undefined {
    if (length > MAX_ITEMS) return undefined;
    const values: unknown[] = [];
    for (let index = 0; index < length; index += 1) {
      const term = itemOf(one, index);
      const value = one.unique ? this.#another(term, values, depth + 1) : this.of(term, depth + 1);
      if (value === undefined) return undefined;
      values.push(value);
    }
    return values;
  }

  object(one: Objects, depth = 0): Record<string, unknown> | undefined {
    const value: Record<string, unknown> = {};
    const names = [...one.required];
    const more = [...one.properties.keys()].filter((name) => !one.required.has(name));
    while (names.length < one.min) names.push(more.shift() ?? `p${names.length}`);
    for (const name of names) {
      const content = this.of(propertyOf(one, name), depth + 1);
      if (content === undefined) return undefined;
      value[name] = content;
    }
    return value;
  }

  #another(term: Term, values: readonly unknown[], depth: number): unknown {
    const known = new Set(values.map((value) => JSON.stringify(value)));
    for (const one of this.#sender.of(term)) {
      const found =
        one.kind === "number"
          ? sampleNumbers(one, [])
          : one.kind === "string"
            ? sampleStrings(one, [])
            : [this.ofAlternative(one, depth)];
      const other = found.find((value) => value !== undefined && !known.has(JSON.stringify(value)));
      if (other !== undefined) return other;
    }
    return undefined;
  }
}

/** The shortest text that is not empty, because an empty one says nothing to readers. */
function shortest(texts: readonly string[]): string | undefined {
  const [first, ...others] = texts.filter((text) => text !== "");
  return first === undefined
    ? texts[0]
    : others.reduce((best, text) => (text.length < best.length ? text : best), first);
}

function rank({ kind }: Alternative): number {
  return ["constant", "string", "number", "array", "object"].indexOf(kind);
}
