import { analyzePattern } from "../../base/analyze-pattern.js";
import { accepts } from "../subset/accepts.js";
import { type Alternative, ANY_STRING, type Numbers, type Strings } from "../subset/alternative.js";
import { sampleTexts } from "./sample-text.js";

/** The maximum length of a text in a witness, which people read. */
const MAX_LENGTH = 100_000;

/** The same beside a pattern that backtracks: a longer text may take it seconds, or years. */
const MAX_BACKTRACKING = { polynomial: 200, exponential: 16 } as const;

/** Numbers of the sender, those at the limits of both sides first. */
export function sampleNumbers(sent: Numbers, received: readonly Alternative[]): readonly number[] {
  const all = [sent, ...received.filter((one) => one.kind === "number")];
  const near = all
    .flatMap(({ low, high }) => [low.value, high.value])
    .filter(Number.isFinite)
    .flatMap((limit) => [limit, limit - 1, limit + 1, limit - 0.5, limit + 0.5]);
  const steps = all.flatMap((one) => one.steps).flatMap((step) => [step, -step, 2 * step, 3 * step]);
  const values = new Set([0, 1, ...near, ...steps, 0.5, -1, 1.5, 2, 3, 5, 7, 2 ** 53, 2 ** 60]);
  // -0 is written as 0.
  return [...values].filter((value) => accepts(sent, value) === true && !Object.is(value, -0));
}

/** Texts of the sender, in the lengths at the limits of both sides. */
export function sampleStrings(sent: Strings, received: readonly Alternative[]): readonly string[] {
  const others = received.filter((one) => one.kind === "string");
  const all = [sent, ...others];
  const patterns = all.flatMap((one) => one.patterns);
  const longest = Math.min(...patterns.map(longestFor), MAX_LENGTH);
  const lengths = all.flatMap(({ min, max }) => [min, max, min - 1, max + 1]).filter((n) => n >= 0 && n <= longest);
  const texts = sampleTexts(
    patterns,
    all.flatMap((one) => one.formats),
  );
  const known = received.flatMap((one) => (one.kind === "constant" && typeof one.value === "string" ? one.value : []));
  const sized = lengths.flatMap((length) => texts.map((text) => resized(text, length)));
  const exact = lengths.map((length) => "x".repeat(length));
  const values = new Set([...known, ...exact, ...texts, ...sized, ...known.map((text) => `${text}x`)]);
  return [...values].filter((text) => text.length <= longest && accepts(sent, text) !== false);
}

const longestOf = new Map<string, number>();

/** The length to which texts are tried beside a pattern. */
function longestFor(pattern: string): number {
  const known = longestOf.get(pattern);
  if (known !== undefined) return known;
  const growth = analyzePattern(pattern)?.growth;
  const longest = growth === undefined ? MAX_LENGTH : MAX_BACKTRACKING[growth];
  longestOf.set(pattern, longest);
  return longest;
}

function resized(text: string, length: number): string {
  const last = text.at(-1);
  return last === undefined ? "x".repeat(length) : text.slice(0, length).padEnd(length, last);
}

/** Names of properties that match a pattern. */
export function namesFor(pattern: string): readonly string[] {
  return sampleStrings({ ...ANY_STRING, patterns: [pattern] }, []).slice(0, 2);
}
