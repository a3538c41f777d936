import { canonicalJson } from "../../model/schema/json-value.js";
import type { Key } from "../rules/change.js";
import { type Alternative, type Arrays, itemOf, type Objects, propertyOf, type Term } from "../subset/alternative.js";
import { TooComplex } from "../subset/expand.js";
import type { Prover } from "../subset/prove.js";
import { namesFor, sampleNumbers, sampleStrings } from "./scalars.js";
import { SmallestValues } from "./smallest.js";

/** A value that the receiver may refuse, and the place of the part for which it was made. */
export interface Candidate {
  readonly keys: readonly Key[];
  readonly value: unknown;
}

/** The depth to which types are searched for differences. */
const MAX_DEPTH = 16;

/** Candidates of one scalar. */
const MAX_SCALARS = 60;

/** Makes values that are valid for the sender, at each place where the receiver may refuse one. */
export class Candidates {
  readonly #prover: Prover;
  readonly #smallest: SmallestValues;

  constructor(prover: Prover) {
    this.#prover = prover;
    this.#smallest = new SmallestValues(prover.sender);
  }

  *of(sent: Term, received: Term, depth = 0): Generator<Candidate, void> {
    if (depth > MAX_DEPTH || this.#prover.proves(sent, received)) return;
    const [own, others] = [this.#expand(sent, "sender"), this.#expand(received, "receiver")];
    const known = new Set(others.flatMap((one) => (one.kind === "constant" ? [canonicalJson(one.value)] : [])));
    // The values that the receiver has, too, come last.
    const isKnown = (one: Alternative): boolean => one.kind === "constant" && known.has(canonicalJson(one.value));
    for (const one of [...own.filter((each) => !isKnown(each)), ...own.filter(isKnown)]) {
      if (this.#prover.isEmpty(one)) continue;
      yield* this.#ofAlternative(one, others, depth);
    }
  }

  /** The same, for the part at a place alone. */
  *at(keys: readonly Key[], sent: Term, received: Term): Generator<Candidate, void> {
    const [key, ...rest] = keys;
    if (key === undefined) {
      yield* this.of(sent, received, MAX_DEPTH - 1);
      return;
    }
    const others = this.#expand(received, "receiver");
    for (const one of this.#expand(sent, "sender")) {
      if (this.#prover.isEmpty(one)) continue;
      if (one.kind === "array" && (key === "[*]" || (typeof key === "object" && "item" in key))) {
        const index = key === "[*]" ? lengthOf(one, others) : key.item;
        const base = this.#smallest.array(one, Math.max(one.min, index + 1));
        if (base === undefined) continue;
        for (const other of others) {
          if (other.kind !== "array") continue;
          for (const { keys: inner, value } of this.at(rest, itemOf(one, index), itemOf(other, index))) {
            yield { keys: [key, ...inner], value: base.with(index, value) };
          }
        }
      }
      const isName = key === ".*" || (typeof key === "object" && "property" in key);
      if (one.kind === "object" && isName) yield* this.#atProperty(keys, one, others);
    }
  }

  *#atProperty(keys: readonly Key[], one: Objects, received: readonly Alternative[]): Generator<Candidate, void> {
    const [key, ...rest] = keys;
    const base = this.#smallest.object(one);
    if (key === undefined || base === undefined) return;
    const others = received.filter((other) => other.kind === "object");
    const patterns = [one, ...others].flatMap((side) => side.patterns.flatMap(([pattern]) => namesFor(pattern)));
    const names = typeof key === "object" && "property" in key ? [key.property] : [...patterns, "other"];
    if (rest.length === 0) yield { keys: [key], value: base };
    for (const name of names) {
      const sent = propertyOf(one, name);
      if (this.#prover.isNever(sent)) continue;
      if (rest.length === 0) {
        for (const content of this.#smallest.several(sent)) yield { keys: [key], value: { ...base, [name]: content } };
      }
      for (const other of others) {
        for (const { keys: inner, value } of this.at(rest, sent, propertyOf(other, name))) {
          yield { keys: [key, ...inner], value: { ...base, [name]: value } };
        }
      }
    }
  }

  #expand(term: Term, side: "sender" | "receiver"): readonly Alternative[] {
    try {
      return this.#prover[side].of(term);
    } catch (error) {
      if (error instanceof TooComplex) return [];
      throw error;
    }
  }

  *#ofAlternative(one: Alternative, received: readonly Alternative[], depth: number): Generator<Candidate, void> {
    const scalar = (values: readonly unknown[]): Candidate[] =>
      values.slice(0, MAX_SCALARS).map((value) => ({ keys: [], value }));
    switch (one.kind) {
      case "constant":
        yield { keys: [], value: one.value };
        return;
      case "number":
        yield* scalar(sampleNumbers(one, received));
        return;
      case "string":
        yield* scalar(sampleStrings(one, received));
        return;
      case "array":
        yield* this.#ofArray(one, received, depth);
        return;
      case "object":
        yield* this.#ofObject(one, received, depth);
    }
  }

  *#ofArray(one: Arrays, received: readonly Alternative[], depth: number): Generator<Candidate, void> {
    const others = received.filter((other) => other.kind === "array");
    const near = others.flatMap(({ min, max, first }) => [min - 1, max + 1, first.length + 1, first.length - 1]);
    const most = Math.min(one.max, this.#prover.isNever(one.rest) ? one.first.length : Infinity);
    const lengths = [...new Set([one.min, most, ...near, 1, 2])].filter((n) => n >= one.min && n <= most && n >= 0);
    for (const length of lengths) {
      const value = this.#smallest.array(one, length);
      if (value === undefined) continue;
      yield { keys: [], value };
      if (length > 1 && !one.unique) yield { keys: [], value: value.map(() => value[0]) };
    }
    for (const other of others) {
      const count = Math.max(one.first.length, other.first.length);
      for (let index = 0; index <= count && index < most; index += 1) {
        const base = this.#smallest.array(one, Math.max(one.min, index + 1));
        if (base === undefined) continue;
        const key: Key = index === count ? "[*]" : { item: index };
        for (const { keys, value } of this.of(itemOf(one, index), itemOf(other, index), depth + 1)) {
          yield { keys: [key, ...keys], value: base.with(index, value) };
        }
      }
    }
  }

  *#ofObject(one: Objects, received: readonly Alternative[], depth: number): Generator<Candidate, void> {
    const base = this.#smallest.object(one);
    if (base === undefined) return;
    const others = received.filter((other) => other.kind === "object");
    yield { keys: [], value: base };
    for (const other of others) {
      for (const name of other.required) {
        if (!Object.hasOwn(base, name)) yield { keys: [{ property: name }], value: base };
      }
    }
    for (const name of one.properties.keys()) {
      if (Object.hasOwn(base, name)) {
        yield { keys: [{ property: name }], value: base };
        continue;
      }
      for (const content of this.#smallest.several(propertyOf(one, name), depth + 1)) {
        yield { keys: [{ property: name }], value: { ...base, [name]: content } };
      }
    }
    for (const other of others) yield* this.#ofProperties(one, other, { base, depth });
    yield* this.#ofMany(one, base);
  }

  *#ofProperties(
    one: Objects,
    other: Objects,
    { base, depth }: { readonly base: object; readonly depth: number },
  ): Generator<Candidate, void> {
    const names = new Set([...one.properties.keys(), ...other.properties.keys()]);
    const patterns = [...one.patterns, ...other.patterns].flatMap(([pattern]) => namesFor(pattern));
    for (const name of [...names, ...patterns, "other"]) {
      const key: Key = one.properties.has(name) || other.properties.has(name) ? { property: name } : ".*";
      const sent = propertyOf(one, name);
      if (this.#prover.isNever(sent)) continue;
      for (const { keys, value } of this.of(sent, propertyOf(other, name), depth + 1)) {
        yield { keys: [key, ...keys], value: { ...base, [name]: value } };
      }
    }
  }

  /** All properties at once, and many. */
  *#ofMany(one: Objects, base: object): Generator<Candidate, void> {
    const names = [...one.properties.keys()];
    const others = this.#prover.isNever(one.rest) ? [] : ["p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8"];
    const all: Record<string, unknown> = { ...base };
    for (const name of [...names, ...others]) {
      if (Object.keys(all).length >= one.max) break;
      const content = this.#smallest.of(propertyOf(one, name));
      if (content !== undefined) all[name] = content;
      yield { keys: [], value: { ...all } };
    }
  }
}

/** The first index after the items that have types of their own. */
function lengthOf(one: Arrays, others: readonly Alternative[]): number {
  return Math.max(one.first.length, ...others.map((other) => (other.kind === "array" ? other.first.length : 0)));
}
