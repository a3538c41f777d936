import type { JsonSchema } from "sshrpc/contract";
import { refName, type SchemaOrBoolean } from "../../model/schema/schema-walk.js";
import { ALL_TYPES, declaredTypes, type JsonType } from "./json-types.js";

/** What applies to one value: a schema and the members of its `allOf`, theirs included. */
export interface Parts {
  /** The schemas, without those that refer to a named type. */
  readonly schemas: readonly JsonSchema[];
  /** The named types. */
  readonly names: readonly string[];
  /** The types of JSON that all schemas allow. */
  readonly types: readonly JsonType[];
}

/** @returns undefined if no value fits */
export function partsOf(schema: SchemaOrBoolean, allowed = ALL_TYPES): Parts | undefined {
  const schemas: JsonSchema[] = [];
  const names: string[] = [];
  if (!collect(schema, schemas, names)) return undefined;
  const declared = schemas.filter(({ type }) => type !== undefined).map(declaredTypes);
  const [first = allowed, ...others] = declared;
  const types = first.filter((type) => [allowed, ...others].every((list) => list.includes(type)));
  return types.length === 0 ? undefined : { schemas, names, types };
}

function collect(schema: SchemaOrBoolean, schemas: JsonSchema[], names: string[]): boolean {
  if (typeof schema === "boolean") return schema;
  if (isEmpty(schema["not"]) || schema["not"] === true) return false;
  const name = refName(schema);
  if (name === undefined) schemas.push(schema);
  else names.push(name);
  const members = (schema["allOf"] ?? []) as readonly SchemaOrBoolean[];
  return members.every((member) => collect(member, schemas, names));
}

function isEmpty(schema: unknown): boolean {
  return typeof schema === "object" && schema !== null && Object.keys(schema).length === 0;
}
