import type { JsonSchema } from "sshrpc/contract";
import { refName, type SchemaOrBoolean } from "../../model/schema/schema-walk.js";
import type { Types } from "../subset/alternative.js";
import type { SameSchemas } from "../subset/same.js";
import { compareConstraints, compareNotes } from "./compare-keywords.js";
import { compareObjects } from "./compare-objects.js";
import { choicesOf, compareUnions } from "./compare-unions.js";
import { below, type Entry, type Found, innermost } from "./found.js";
import { objectView } from "./object-view.js";

/** Names the differences of two types, each at its place. Pairs of named types are links: they may contain themselves. */
export class SchemaComparison {
  readonly #old: Types;
  readonly #new: Types;
  readonly #same: SameSchemas;
  /** The pairs that are compared now. */
  readonly #active = new WeakMap<JsonSchema, Set<JsonSchema>>();

  constructor(old: Types, next: Types, same: SameSchemas) {
    this.#old = old;
    this.#new = next;
    this.#same = same;
  }

  of(old: SchemaOrBoolean, next: SchemaOrBoolean): readonly Entry[] {
    if (typeof old === "boolean" || typeof next === "boolean") {
      if (old === next) return [];
      const rule = old === false || next === true ? "type-widened" : "type-narrowed";
      return [{ rule, keys: [], old, new: next, place: {} }];
    }
    const [before, after] = [refName(old), refName(next)];
    if (before !== undefined && after !== undefined) {
      const renamed: Found = { rule: "type-renamed", keys: [], old: before, new: after, place: {} };
      return [
        ...compareNotes(old, next),
        ...(before === after || !this.#same.are(old, next) ? [] : [renamed]),
        { link: [before, after], keys: [], place: {} },
      ];
    }
    const found = this.#once(old, next);
    return after === undefined ? found : found.map((one) => ({ ...one, place: innermost(one.place, { type: after }) }));
  }

  /** An intersection may contain itself without a pair of named types in between: its differences are found at the first place. */
  #once(old: JsonSchema, next: JsonSchema): readonly Entry[] {
    const active = this.#active.get(old) ?? new Set<JsonSchema>();
    if (active.has(next)) return [];
    this.#active.set(old, active.add(next));
    try {
      return this.#inline(old, next);
    } finally {
      active.delete(next);
    }
  }

  #inline(old: JsonSchema, next: JsonSchema): readonly Entry[] {
    const choices = [choicesOf(old, this.#old), choicesOf(next, this.#new)] as const;
    const isChoice = (list: readonly SchemaOrBoolean[]): boolean =>
      list.length !== 1 || (typeof list[0] === "object" && "const" in list[0]);
    if (choices.some(isChoice)) {
      if (this.#same.are(old, next)) return [...compareNotes(old, next), ...this.#sameChoices(choices)];
      const unions = compareUnions({
        choices,
        types: [this.#old, this.#new],
        areSame: (one, other) => this.#same.are(one, other),
        visit: (one, other) => this.of(one, other),
      });
      return [...compareNotes(old, next), ...unions];
    }
    const [one, other] = [
      this.#target(choices[0][0] ?? old, this.#old),
      this.#target(choices[1][0] ?? next, this.#new),
    ];
    return this.#single(one, other);
  }

  /** Only annotations inside differ. */
  #sameChoices([old, next]: readonly [readonly SchemaOrBoolean[], readonly SchemaOrBoolean[]]): readonly Entry[] {
    const inside = old.map((one, index) => [one, next[index] ?? one] as const);
    return inside.flatMap(([one, other]) => (typeof one === "object" && "const" in one ? [] : this.of(one, other)));
  }

  #target(schema: SchemaOrBoolean, types: Types): JsonSchema {
    const name = refName(schema);
    const target = name === undefined ? schema : (types.get(name) ?? true);
    return typeof target === "boolean" ? (target ? {} : { not: {} }) : target;
  }

  #single(old: JsonSchema, next: JsonSchema): readonly Entry[] {
    const notes = compareNotes(old, next);
    const views = [objectView(old, this.#old), objectView(next, this.#new)] as const;
    const [before, after] = views;
    const found = (rule: Found["rule"]): Found => ({ rule, keys: [], old, new: next, place: {}, schemas: [old, next] });
    if (before !== undefined && after !== undefined) {
      const objects = compareObjects(before, after, {
        areSame: (one, other) => this.#same.are(one, other),
        visit: (one, other) => this.of(one, other),
        schemas: [old, next],
      });
      return [...notes, ...compareConstraints(old, next), ...objects];
    }
    if ("allOf" in old || "allOf" in next) return [...notes, ...this.#intersections(old, next)];
    const [from, to] = [old["type"], next["type"]];
    if (from === to) return [...notes, ...compareConstraints(old, next), ...this.#items(old, next)];
    if (from === "integer" && to === "number")
      return [...notes, found("integer-to-number"), ...compareConstraints(old, next)];
    if (from === "number" && to === "integer")
      return [...notes, found("number-to-integer"), ...compareConstraints(old, next)];
    if (to === undefined && Object.keys(next).length <= Object.keys(old).length)
      return [...notes, found("type-widened")];
    if (from === undefined && Object.keys(old).length <= Object.keys(next).length)
      return [...notes, found("type-narrowed")];
    return [...notes, found("type-changed")];
  }

  #intersections(old: JsonSchema, next: JsonSchema): readonly Entry[] {
    if (this.#same.are(old, next)) return [];
    const membersOf = ({ allOf, ...own }: JsonSchema): SchemaOrBoolean[] => [
      ...(Object.keys(own).length === 0 ? [] : [own]),
      ...((allOf ?? []) as readonly SchemaOrBoolean[]),
    ];
    const [before, after] = [membersOf(old), membersOf(next)];
    const others = before.filter((one) => !after.some((other) => this.#same.are(one, other)));
    const added = after.filter((other) => !before.some((one) => this.#same.are(one, other)));
    const paired = Math.min(others.length, added.length);
    const schemas = [old, next] as const;
    return [
      ...others.slice(0, paired).flatMap((one, index) => this.of(one, added[index] ?? one)),
      ...others.slice(paired).map((one): Found => {
        return { rule: "intersection-member-removed", keys: [], old: one, place: {}, schemas };
      }),
      ...added.slice(paired).map((one): Found => {
        return { rule: "intersection-member-added", keys: [], new: one, place: {}, schemas };
      }),
    ];
  }

  #items(old: JsonSchema, next: JsonSchema): readonly Entry[] {
    const [before, after] = [old["items"], next["items"]];
    if (!Array.isArray(before) && !Array.isArray(after)) {
      return below("[*]", this.of((before ?? true) as SchemaOrBoolean, (after ?? true) as SchemaOrBoolean));
    }
    const restOf = (schema: JsonSchema): SchemaOrBoolean =>
      ((Array.isArray(schema["items"]) ? schema["additionalItems"] : schema["items"]) ?? true) as SchemaOrBoolean;
    const at = (schema: JsonSchema, index: number): SchemaOrBoolean =>
      (Array.isArray(schema["items"]) ? (schema["items"][index] as SchemaOrBoolean | undefined) : undefined) ??
      restOf(schema);
    const length = Math.max(...[before, after].map((items) => (Array.isArray(items) ? items.length : 0)));
    return [
      ...Array.from({ length }, (_, item) => below({ item }, this.of(at(old, item), at(next, item)))).flat(),
      ...below("[*]", this.of(restOf(old), restOf(next))),
    ];
  }
}
