import type { SchemaOrBoolean } from "../../model/schema/schema-walk.js";
import type { Alternative, Objects, Term } from "./alternative.js";
import { merge } from "./merge.js";

/** Whether no value matches both: by their type, or by a required property with different constants. */
export function areDisjoint(a: Alternative, b: Alternative, expand: (term: Term) => readonly Alternative[]): boolean {
  if (a.kind !== "object" || b.kind !== "object") return merge(a, b) === undefined;
  return [...a.required].some((name) => {
    const [one, other] = [valuesOf(a, name, expand), valuesOf(b, name, expand)];
    return b.required.has(name) && one !== undefined && other !== undefined && one.every((v) => !other.includes(v));
  });
}

function valuesOf(
  { properties }: Objects,
  name: string,
  expand: (term: Term) => readonly Alternative[],
): readonly unknown[] | undefined {
  const term = properties.get(name);
  const alternatives = term?.every(({ schema }) => isFlat(schema)) === true ? expand(term) : undefined;
  if (alternatives?.every((one) => one.kind === "constant") !== true) return undefined;
  const values = alternatives.map((one) => (one.kind === "constant" ? one.value : undefined));
  return values.every((value) => typeof value !== "object") ? values : undefined;
}

function isFlat(schema: SchemaOrBoolean): boolean {
  return typeof schema === "object" && ("const" in schema || "enum" in schema);
}
