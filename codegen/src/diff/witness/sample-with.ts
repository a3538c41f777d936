import type { Key } from "../rules/change.js";
import { itemOf, propertyOf, type Term } from "../subset/alternative.js";
import type { Expander } from "../subset/expand.js";
import { namesFor } from "./scalars.js";
import { SmallestValues } from "./smallest.js";

/** A small value of the sender that has a part at a place; undefined if none was found. */
export function sampleWith(sender: Expander, term: Term, keys: readonly Key[]): unknown {
  const smallest = new SmallestValues(sender);
  const [key, ...rest] = keys;
  if (key === undefined) return smallest.of(term);
  for (const one of sender.of(term)) {
    if (one.kind === "object" && (key === ".*" || (typeof key === "object" && "property" in key))) {
      const [first] = one.patterns.flatMap(([pattern]) => namesFor(pattern));
      const name = key === ".*" ? (first ?? "key") : key.property;
      const [base, part] = [smallest.object(one), sampleWith(sender, propertyOf(one, name), rest)];
      if (base !== undefined && part !== undefined) return { ...base, [name]: part };
    }
    if (one.kind === "array" && (key === "[*]" || (typeof key === "object" && "item" in key))) {
      const index = key === "[*]" ? one.first.length : key.item;
      const [base, part] = [
        smallest.array(one, Math.max(one.min, index + 1)),
        sampleWith(sender, itemOf(one, index), rest),
      ];
      if (base !== undefined && part !== undefined) return base.with(index, part);
    }
  }
  return undefined;
}

/** The parts of a value at a place. */
export function partsAt(value: unknown, keys: readonly Key[]): readonly unknown[] {
  const [key, ...rest] = keys;
  if (key === undefined) return [value];
  if (typeof value !== "object" || value === null) return [];
  const entries = Object.entries(value);
  const wanted = typeof key === "string" ? undefined : "item" in key ? String(key.item) : key.property;
  return entries.flatMap(([name, part]) => (wanted === undefined || name === wanted ? partsAt(part, rest) : []));
}
