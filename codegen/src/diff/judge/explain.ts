import { canonicalJson } from "../../model/schema/json-value.js";
import type { Found } from "../compare/found.js";
import type { Key } from "../rules/change.js";
import { type Issue, type Refused, smallest } from "../witness/find-witness.js";
import { partsAt } from "../witness/sample-with.js";

/** A refused value, and the reason that is about the change. */
export interface Explained {
  readonly refused: Refused;
  readonly issue: Issue | undefined;
}

/** The smallest value that is refused because of a change. */
export function refusedFor(found: Found, all: readonly Refused[]): Explained | undefined {
  const having = withMember(found, all);
  const issueOf = ({ issues }: Refused): Issue | undefined => issues.find((issue) => explains(issue, found));
  const refused = smallest(having.filter((one) => issueOf(one) !== undefined));
  if (refused !== undefined) return { refused, issue: issueOf(refused) };
  // A union may say only that no member matches.
  const place = JSON.stringify(found.keys);
  const aroundOf = ({ issues }: Refused): Issue | undefined => issues.find((issue) => isAround(issue, found));
  const around = smallest(having.filter((one) => JSON.stringify(one.keys) === place && aroundOf(one) !== undefined));
  return around && { refused: around, issue: aroundOf(around) };
}

/** Where a value was added or removed, those that have it. */
function withMember({ rule, keys, old, new: next }: Found, all: readonly Refused[]): readonly Refused[] {
  if (!rule.startsWith("enum-value-") && !rule.startsWith("null-")) return all;
  const wanted = rule.startsWith("null-") ? "null" : canonicalJson(old ?? next);
  return all.filter(({ value }) => partsAt(value, keys).some((part) => canonicalJson(part) === wanted));
}

function explains({ instancePath, keyword, params }: Issue, found: Found): boolean {
  const { rule, keys, old, new: next } = found;
  const at = instancePath.split("/").slice(1);
  if (rule === "reserved-name-reused" || /property-(added|removed|renamed|now-)|-property-/.test(rule)) {
    const names = [keys.at(-1), rule === "property-renamed" ? { property: String(next) } : undefined].map(nameOf);
    const named = params["missingProperty"] ?? params["additionalProperty"] ?? params["unevaluatedProperty"];
    const isNamed = names.includes(named as string) && matches(at, keys.slice(0, -1));
    // What an undeclared property has may be refused, too.
    return isNamed || (keyword !== "required" && matches(at.slice(0, keys.length), keys));
  }
  if (/^(bound|constraint|pattern|format)-/.test(rule) && keys.at(-1) !== ".*") {
    const keywords = [old, next].flatMap((one) => Object.keys((one as object | undefined) ?? {}));
    return matches(at, keys) && keywords.includes(keyword);
  }
  const place = keys.at(-1) === ".*" ? keys.slice(0, -1) : keys;
  return matches(at.slice(0, place.length), place);
}

/** Whether an issue is about a value that contains the place. */
function isAround({ instancePath }: Issue, { keys }: Found): boolean {
  const at = instancePath.split("/").slice(1);
  return at.length <= keys.length && matches(at, keys.slice(0, at.length));
}

function nameOf(key: Key | undefined): string | undefined {
  return typeof key === "object" && "property" in key ? key.property : undefined;
}

function matches(pointer: readonly string[], keys: readonly Key[]): boolean {
  const escaped = (text: string): string => text.replaceAll("~", "~0").replaceAll("/", "~1");
  return (
    pointer.length === keys.length &&
    keys.every((key, index) => {
      const part = pointer[index] ?? "";
      if (typeof key === "string") return true;
      return part === ("item" in key ? String(key.item) : escaped(key.property));
    })
  );
}
