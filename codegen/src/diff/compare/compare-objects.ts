import { type SchemaOrBoolean, withoutNotes } from "../../model/schema/schema-walk.js";
import type { RuleId } from "../rules/rules.js";
import { below, type Entry, type Found } from "./found.js";
import type { ObjectView } from "./object-view.js";

interface Walk {
  readonly areSame: (old: SchemaOrBoolean, next: SchemaOrBoolean) => boolean;
  readonly visit: (old: SchemaOrBoolean, next: SchemaOrBoolean) => readonly Entry[];
  readonly schemas: readonly [SchemaOrBoolean, SchemaOrBoolean];
}

/** The differences of two objects. */
export function compareObjects(old: ObjectView, next: ObjectView, walk: Walk): readonly Entry[] {
  const removed = [...old.properties.keys()].filter((name) => !next.properties.has(name));
  const added = [...next.properties.keys()].filter((name) => !old.properties.has(name));
  const renamed = renames(old, next, { removed, added, walk });
  const gone = new Set(renamed.flat());
  const at = (property: string, rule: RuleId, content: Partial<Found>): Found => ({
    rule,
    keys: [{ property }],
    place: next.properties.has(property) ? { property } : {},
    ...content,
  });
  const isReserved = (name: string): boolean => old.reserved.has(name) || next.reserved.has(name);
  const released = [...old.reserved].filter((name) => !next.reserved.has(name) && !next.properties.has(name));
  return [
    ...released.map((name) => at(name, "reserved-name-released", { old: name })),
    ...renamed.map(([from, to]) => ({
      ...at(from, "property-renamed", { old: from, new: to }),
      place: { property: to },
    })),
    ...removed
      .filter((name) => !gone.has(name))
      .map((name) =>
        at(name, `${old.required.has(name) ? "required" : "optional"}-property-removed`, {
          old: withoutNotes(old.properties.get(name) ?? true),
        }),
      ),
    ...added
      .filter((name) => !gone.has(name))
      .map((name) => {
        const kind = next.required.has(name) ? "required" : "optional";
        const rule = isReserved(name) ? "reserved-name-reused" : (`${kind}-property-added` as const);
        return at(name, rule, { new: withoutNotes(next.properties.get(name) ?? true) });
      }),
    ...[...old.properties].flatMap(([name, schema]) => {
      const other = next.properties.get(name);
      if (other === undefined) return [];
      const [before, after] = [old.required.has(name), next.required.has(name)];
      return [
        ...(before === after ? [] : [at(name, after ? "property-now-required" : "property-now-optional", {})]),
        ...below({ property: name }, walk.visit(schema, other), { property: name }),
      ];
    }),
    ...comparePatterns(old, next, walk),
    ...compareRest(old, next, walk),
  ];
}

/** Pairs of a removed and an added property with equal types, where each has one candidate only. */
function renames(
  old: ObjectView,
  next: ObjectView,
  { removed, added, walk }: { removed: readonly string[]; added: readonly string[]; walk: Walk },
): readonly (readonly [string, string])[] {
  const matches = (from: string, to: string): boolean => {
    const [one, other] = [old.properties.get(from) ?? true, next.properties.get(to) ?? true];
    return old.required.has(from) === next.required.has(to) && walk.areSame(one, other);
  };
  return removed.flatMap((from) => {
    const [to, ...others] = added.filter((name) => matches(from, name));
    if (to === undefined || others.length > 0 || old.reserved.has(to) || next.reserved.has(to)) return [];
    return removed.filter((name) => matches(name, to)).length === 1 ? [[from, to] as const] : [];
  });
}

function comparePatterns(old: ObjectView, next: ObjectView, { visit, schemas }: Walk): readonly Entry[] {
  const all = new Set([...old.patterns.keys(), ...next.patterns.keys()]);
  return [...all].flatMap((pattern) => {
    const [before, after] = [old.patterns.get(pattern), next.patterns.get(pattern)];
    if (before !== undefined && after !== undefined) return below(".*", visit(before, after));
    const change = { old: before && { [pattern]: before }, new: after && { [pattern]: after } };
    return [{ rule: "constraint-changed" as const, keys: [".*" as const], place: {}, schemas, ...change }];
  });
}

/** What the types say of properties without a declaration. */
function compareRest(old: ObjectView, next: ObjectView, { visit, schemas }: Walk): readonly Entry[] {
  if (typeof old.rest === "object" && typeof next.rest === "object") return below(".*", visit(old.rest, next.rest));
  if (old.rest === next.rest) return [];
  const width = (rest: SchemaOrBoolean | undefined): number =>
    rest === true ? 3 : typeof rest === "object" ? 2 : rest === undefined ? 1 : 0;
  const rule = width(next.rest) > width(old.rest) ? "undeclared-properties-allowed" : "undeclared-properties-refused";
  return [{ rule, keys: [".*"], old: old.rest, new: next.rest, place: {}, schemas }];
}
