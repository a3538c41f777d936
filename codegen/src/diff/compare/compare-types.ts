import { refTo, type SchemaOrBoolean } from "../../model/schema/schema-walk.js";
import type { Types } from "../subset/alternative.js";
import type { SameSchemas } from "../subset/same.js";
import { SchemaComparison } from "./compare-schemas.js";
import type { Entry, Found, Link } from "./found.js";

/** Names the differences of types of two contracts, also inside named types, at the shortest path to each. */
export class TypeComparison {
  readonly #types: readonly [Types, Types];
  readonly #schemas: SchemaComparison;
  readonly #entries = new Map<string, readonly Entry[]>();
  /** The pairs that are known to lead to a difference, or not. */
  readonly #differing = new Map<string, boolean>();

  constructor(old: Types, next: Types, same: SameSchemas) {
    this.#types = [old, next];
    this.#schemas = new SchemaComparison(old, next, same);
  }

  of(old: SchemaOrBoolean, next: SchemaOrBoolean): readonly Found[] {
    const found: Found[] = [];
    const seen = new Set<string>();
    const queue = [...this.#schemas.of(old, next)];
    for (const entry of queue) {
      if (!isLink(entry)) {
        found.push(entry);
        continue;
      }
      const key = entry.link.join(" ");
      if (seen.has(key) || !this.#differs(entry)) continue;
      seen.add(key);
      for (const one of this.#entriesOf(entry)) {
        const place = one.place.type === undefined ? { type: entry.link[1], ...one.place } : one.place;
        queue.push({ ...one, keys: [...entry.keys, ...one.keys], place });
      }
    }
    return found;
  }

  #entriesOf({ link }: Link): readonly Entry[] {
    const key = link.join(" ");
    const [old, next] = link;
    const schemaOf = (side: 0 | 1, name: string): SchemaOrBoolean => this.#types[side].get(name) ?? refTo(name);
    const entries = this.#entries.get(key) ?? this.#schemas.of(schemaOf(0, old), schemaOf(1, next));
    this.#entries.set(key, entries);
    return entries;
  }

  /** Whether a difference is somewhere inside: most pairs of a large contract are equal. */
  #differs(link: Link): boolean {
    const key = link.link.join(" ");
    if (!this.#differing.has(key)) this.#explore(link);
    return this.#differing.get(key) === true;
  }

  /** Decides all pairs inside one: those with a difference, and those from which one of these is reached. */
  #explore(root: Link): void {
    const inside = new Map<string, Link>([[root.link.join(" "), root]]);
    const from = new Map<string, Set<string>>();
    const differing: string[] = [];
    for (const [key, link] of inside) {
      const entries = this.#entriesOf(link);
      if (entries.some((one) => !isLink(one))) differing.push(key);
      for (const next of entries.filter(isLink)) {
        const to = next.link.join(" ");
        from.set(to, (from.get(to) ?? new Set()).add(key));
        if (this.#differing.get(to) === true) differing.push(key);
        else if (!inside.has(to)) inside.set(to, next);
      }
      this.#differing.set(key, false);
    }
    for (const key of differing) {
      if (this.#differing.get(key) === true) continue;
      this.#differing.set(key, true);
      differing.push(...(from.get(key) ?? []));
    }
  }
}

function isLink(entry: Entry): entry is Link {
  return "link" in entry;
}
