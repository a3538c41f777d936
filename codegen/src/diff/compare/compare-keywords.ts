import { type JsonSchema, keywordValue } from "sshrpc/contract";
import { canonicalJson } from "../../model/schema/json-value.js";
import type { RuleId } from "../rules/rules.js";
import type { Found } from "./found.js";

const LOW = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"];
const HIGH = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"];

/** Constraints without an order. */
const CONSTRAINTS = [
  ...["pattern", "format", "multipleOf", "uniqueItems", "not", "if", "then", "else", "contains"],
  ...["propertyNames", "dependentRequired", "dependentSchemas", "unevaluatedItems", "unevaluatedProperties"],
];

const KEYWORDS = [...LOW, ...HIGH, ...CONSTRAINTS];

/** The differences in constraints that apply to the value as a whole. */
export function compareConstraints(old: JsonSchema, next: JsonSchema): readonly Found[] {
  return KEYWORDS.flatMap((keyword) => {
    const [before, after] = [contentOf(old, keyword), contentOf(next, keyword)];
    if (canonicalJson(before ?? null) === canonicalJson(after ?? null)) return [];
    const shown = (value: unknown) => (value === undefined ? undefined : { [keyword]: value });
    return [
      {
        rule: ruleFor(keyword, before, after),
        keys: [],
        old: shown(before),
        new: shown(after),
        place: {},
        schemas: [old, next] as const,
      },
    ];
  });
}

function contentOf(schema: JsonSchema, keyword: string): unknown {
  const value = schema[keyword];
  return keyword === "uniqueItems" && value === false ? undefined : value;
}

function ruleFor(keyword: string, before: unknown, after: unknown): RuleId {
  const isBound = LOW.includes(keyword) || HIGH.includes(keyword);
  if (before === undefined) return isBound ? "bound-tightened" : "constraint-added";
  if (after === undefined) return isBound ? "bound-loosened" : "constraint-removed";
  if (keyword === "pattern") return "pattern-changed";
  if (keyword === "format") return "format-changed";
  if (typeof before !== "number" || typeof after !== "number") return "constraint-changed";
  if (keyword === "multipleOf") {
    if (Number.isInteger(after / before)) return "bound-tightened";
    return Number.isInteger(before / after) ? "bound-loosened" : "constraint-changed";
  }
  return after > before === LOW.includes(keyword) ? "bound-tightened" : "bound-loosened";
}

/** The differences in annotations. */
export function compareNotes(old: JsonSchema, next: JsonSchema): readonly Found[] {
  const keywords = new Set([...Object.keys(old), ...Object.keys(next)].filter((one) => keywordValue(one) === "note"));
  const changed = [...keywords].filter((one) => canonicalJson(old[one] ?? null) !== canonicalJson(next[one] ?? null));
  const found = (rule: RuleId, keyword: string): Found => ({
    rule,
    keys: [],
    old: old[keyword] === undefined ? undefined : { [keyword]: old[keyword] },
    new: next[keyword] === undefined ? undefined : { [keyword]: next[keyword] },
    place: {},
  });
  // A description with its title and examples is one change.
  const [text] = changed.filter((keyword) => !["default", "discriminator", "reserved"].includes(keyword));
  return [
    ...(changed.includes("default") ? [found("default-changed", "default")] : []),
    ...(text === undefined ? [] : [found("documentation-changed", text)]),
  ];
}
