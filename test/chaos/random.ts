import { createHash } from "node:crypto";
import { Random } from "../unit/runtime/wire/random.js";

/** The decisions of one part of a run: they depend on the seed and the names alone, not on what other parts have drawn. */
export function randomFor(seed: number, ...names: readonly (string | number)[]): Random {
  return new Random(numberOf([seed, ...names].join("/")));
}

/** A number of 32 bits that depends on the text alone. */
export function numberOf(text: string): number {
  return createHash("sha256").update(text).digest().readUInt32LE(0);
}

/** One of the items, by their weights. */
export function pick<T>(random: Random, items: readonly (readonly [weight: number, item: T])[]): T {
  let left = random.below(items.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, item] of items) {
    if (left < weight) return item;
    left -= weight;
  }
  throw new Error("no item has a weight");
}
