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

/** The values to choose the smallest one from, and the depth below which the first one is taken. */
const MAX_CHOICE = 8;
const MAX_DEPTH = 8;

/** A small value that is refused because of a change. */
export function refusedFor(found: Found, all: Iterable<Refused>): Explained | undefined {
  const place = JSON.stringify(found.keys);
  const exact: Explained[] = [];
  const around: Explained[] = [];
  for (const refused of all) {
    if (!hasMember(found, refused)) continue;
    const { issues, keys } = refused;
    const issue = issues.find((one) => explains(one, found));
    if (issue !== undefined) exact.push({ refused, issue });
    if (exact.length === (found.keys.length > MAX_DEPTH ? 1 : MAX_CHOICE)) break;
    // A union may say only that no member matches.
    const outer = issues.find((one) => isAround(one, found));
    if (outer !== undefined && JSON.stringify(keys) === place) around.push({ refused, issue: outer });
  }
  return smallestOf(exact) ?? smallestOf(around);
}

function smallestOf(explained: readonly Explained[]): Explained | undefined {
  const refused = smallest(explained.map((one) => one.refused));
  return explained.find((one) => one.refused === refused);
}

/** Where a value was added or removed, whether it is in the refused one. */
function hasMember({ rule, keys, old, new: next }: Found, { value }: Refused): boolean {
  if (!rule.startsWith("enum-value-") && !rule.startsWith("null-")) return true;
  const wanted = rule.startsWith("null-") ? "null" : canonicalJson(old ?? next);
  return partsAt(value, keys).some((part) => canonicalJson(part) === wanted);
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
