import type { JsonSchema } from "sshrpc/contract";
import type { Problems } from "../base/problem.js";
import type { NamedType } from "./api-model.js";
import type { Hint, SchemaPart } from "./hint.js";
import { circleOf } from "./schema/circle-of.js";
import { canonicalJson } from "./schema/json-value.js";
import { withoutNotes } from "./schema/schema-walk.js";

interface Entry {
  readonly hint: Hint;
  /** Undefined while it is read. */
  type: NamedType | undefined;
}

/** The named types that the methods of a schema use. */
export class NamedTypes {
  readonly #problems: Problems;
  readonly #entries = new Map<string, Entry>();
  readonly #circular = new Set<string>();

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** Those that were used so far, by name. */
  get all(): readonly NamedType[] {
    const types = [...this.#entries.values()].flatMap(({ type }) => (type === undefined ? [] : [type]));
    return types.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The schema of a type; undefined if there is none, or a walk through it would not end. */
  schemaOf(name: string): JsonSchema | undefined {
    return this.#circular.has(name) ? undefined : this.#entries.get(name)?.type?.schema;
  }

  /** Where the type was declared; undefined if there is none. */
  declaredAt(name: string): Hint | undefined {
    return this.#entries.get(name)?.hint;
  }

  /** Adds a type. Two declarations can share a name only if they have the same effect on a call. */
  add(name: string, part: SchemaPart, read: () => NamedType): void {
    const earlier = this.#entries.get(name);
    if (earlier === undefined) {
      const entry: Entry = { hint: part.hint, type: undefined };
      this.#entries.set(name, entry);
      entry.type = read();
      this.#refuseCircle(name, part);
      return;
    }
    const schemas = [earlier.type?.schema ?? false, read().schema];
    const [one, other] = schemas.map((schema) => canonicalJson(withoutNotes(schema)));
    if (one === other) return;
    const { file, line } = earlier.hint.at;
    const message = `another schema, at ${file}:${line}, also has the type name ${name}; rename one`;
    this.#problems.add(part.at, part.path, message);
  }

  /** A circle is complete, and found, when the last of its types has been read. */
  #refuseCircle(name: string, { at, path }: SchemaPart): void {
    const circle = circleOf(name, (other) => this.schemaOf(other));
    if (circle === undefined) return;
    const message = `circular reference ${circle.join(" → ")}; a type can contain itself only in a property, an array item or a record value`;
    this.#problems.add(at, path, message);
    this.#circular.add(name);
  }
}
