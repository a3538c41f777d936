import type { JsonSchema } from "sshrpc/contract";
import { kept } from "../../base/kept.js";
import { isSchemaObject, type SchemaOrBoolean } from "../../model/schema/schema-walk.js";
import { compareNames } from "../compare-names.js";
import { isPlain } from "../plain-validators/is-plain.js";
import { CALL } from "../shape/own-keywords.js";
import { textOf } from "./compile-validator.js";

/** Characters of a part, as JSON, that is worth a validator of its own. */
const LEAST_TEXT = 60;

/** An object or array inside a rewritten schema. */
interface Part {
  readonly schema: JsonSchema;
  readonly text: string;
  /** The text of the schema directly around it. */
  readonly within: string;
  /** Where it is, as the end of a name: `OwnerTags`. */
  readonly place: string;
}

/**
 * Replaces the objects and arrays that stand more than once inside the rewritten schemas by calls of validators of their own: the
 * generated file is shorter, and loads in less time.
 * @param schemas by the name of their validator
 * @param isFixed whether the schema of a validator must stay as it is
 */
export function shareParts(
  schemas: ReadonlyMap<string, SchemaOrBoolean>,
  isFixed: (name: string) => boolean,
): ReadonlyMap<string, SchemaOrBoolean> {
  const isOpen = (entry: readonly [string, SchemaOrBoolean]): entry is [string, JsonSchema] =>
    isSchemaObject(entry[1]) && !isFixed(entry[0]) && kept(plainness, entry[1], isPlain);
  const plain = [...schemas].filter(isOpen).sort(([a], [b]) => compareNames(a, b));
  const names = new Map(plain.map(([name, schema]) => [textOf(schema), name]));
  const shared = new Map<string, JsonSchema>();
  for (const [text, { owner, part }] of repeated(plain)) {
    if (names.has(text)) continue;
    const base = owner.replace(/(?=(?:Open|Closed|Part)$)/, part.place);
    let name = base;
    for (let number = 2; schemas.has(name) || shared.has(name); number += 1) name = `${base}${number}`;
    names.set(text, name);
    shared.set(name, part.schema);
  }
  const withCalls = [...plain, ...shared].map(([name, schema]) => [name, calling(schema, names)] as const);
  return new Map([...schemas, ...withCalls]);
}

/** Whether `isPlain` is true of a schema. */
const plainness = new WeakMap<JsonSchema, boolean>();

interface FirstUse {
  readonly owner: string;
  readonly part: Part;
}

/** The parts that stand more than once, by their text, each where it is first. Those inside equal schemas count once. */
function repeated(plain: readonly (readonly [string, JsonSchema])[]): ReadonlyMap<string, FirstUse> {
  const first = new Map<string, FirstUse>();
  const found = new Map<string, FirstUse>();
  const counted = new Set<string>();
  for (const [owner, schema] of plain) {
    const parts = partsIn(schema);
    const around = new Set(parts.map(({ within }) => within).filter((within) => !counted.has(within)));
    for (const part of parts.filter(({ within }) => around.has(within))) {
      const known = first.get(part.text);
      if (known === undefined) first.set(part.text, { owner, part });
      else found.set(part.text, known);
    }
    for (const within of around) counted.add(within);
  }
  return found;
}

const partsBySchema = new WeakMap<JsonSchema, readonly Part[]>();

function partsIn(schema: JsonSchema): readonly Part[] {
  return kept(partsBySchema, schema, (input) => partsOf(input));
}

function partsOf(schema: JsonSchema, place = ""): readonly Part[] {
  const within = textOf(schema);
  return children(schema).flatMap(([key, child]) => {
    const at = place + key.slice(0, 1).toUpperCase() + key.slice(1).replaceAll(/[^\w$]/g, "_");
    const inner = partsOf(child, at);
    return isLarge(child) ? [{ schema: child, text: textOf(child), within, place: at }, ...inner] : inner;
  });
}

function isLarge(schema: JsonSchema): boolean {
  return ("properties" in schema || "items" in schema) && textOf(schema).length >= LEAST_TEXT;
}

/** The schemas of the parts of a value, each with a name for it. */
function children(schema: JsonSchema): readonly (readonly [string, JsonSchema])[] {
  const { properties = {}, items, additionalProperties } = schema;
  const all = [
    ...Object.entries(properties as JsonSchema),
    ["item", items] as const,
    ["value", additionalProperties] as const,
  ];
  return all.flatMap(([name, child]) => (isSchemaObject(child) ? [[name, child] as const] : []));
}

/** Those of earlier runs, for the validators that they call. */
const results = new WeakMap<JsonSchema, { readonly called: string; readonly result: JsonSchema }>();

/** The schema with calls in place of the parts that have a validator. */
function calling(schema: JsonSchema, names: ReadonlyMap<string, string>): JsonSchema {
  const called = partsIn(schema)
    .map(({ text }) => names.get(text) ?? "")
    .join();
  if (!/[^,]/.test(called)) return schema;
  const known = results.get(schema);
  if (known?.called === called) return known.result;
  const result = replaced(schema, names);
  results.set(schema, { called, result });
  return result;
}

function replaced(schema: JsonSchema, names: ReadonlyMap<string, string>): JsonSchema {
  const changed = (child: unknown): unknown => {
    if (!isSchemaObject(child)) return child;
    const name = isLarge(child) ? names.get(textOf(child)) : undefined;
    return name === undefined ? replaced(child, names) : { [CALL]: name };
  };
  const { properties, items, additionalProperties } = schema;
  return {
    ...schema,
    ...(isSchemaObject(properties) && {
      properties: Object.fromEntries(Object.entries(properties).map(([key, child]) => [key, changed(child)])),
    }),
    ...(items !== undefined && { items: changed(items) }),
    ...(additionalProperties !== undefined && { additionalProperties: changed(additionalProperties) }),
  };
}
