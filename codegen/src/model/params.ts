import type { JsonSchema, ParamType } from "sshrpc/contract";
import { refName, type SchemaOrBoolean } from "./schema/schema-walk.js";

/** Looks up a named type. */
type Resolve = (name: string) => JsonSchema | undefined;

/** A field of a request that a path parameter refers to. */
interface Field {
  readonly required: boolean;
  /** Undefined if a path segment cannot represent the type unambiguously. */
  readonly type: ParamType | undefined;
}

/** Limits the walk through references: a recursive type can refer to itself directly. */
const MAX_DEPTH = 32;

/** The field `name` of the objects that `schema` accepts; undefined if any of them lacks it. */
export function findField(schema: SchemaOrBoolean, name: string, resolve: Resolve, depth = 0): Field | undefined {
  if (typeof schema === "boolean" || depth > MAX_DEPTH) return undefined;
  const inner = (sub: SchemaOrBoolean): Field | undefined => findField(sub, name, resolve, depth + 1);
  const target = resolved(schema, resolve);
  if (target !== undefined) return inner(target);
  const properties = schema["properties"] as Record<string, SchemaOrBoolean> | undefined;
  if (properties !== undefined && Object.hasOwn(properties, name)) {
    const required = Array.isArray(schema["required"]) && schema["required"].includes(name);
    return { required, type: paramType(properties[name] as SchemaOrBoolean, resolve) };
  }
  const members = (listOf(schema, "allOf") ?? []).map(inner).filter((field) => field !== undefined);
  if (members.length > 0) {
    return { required: members.some((field) => field.required), type: members.find((field) => field.type)?.type };
  }
  const branches = (listOf(schema, "anyOf") ?? listOf(schema, "oneOf"))?.map(inner);
  if (branches === undefined || branches.length === 0 || branches.includes(undefined)) return undefined;
  const types = new Set(branches.map((branch) => branch?.type));
  return { required: branches.every((branch) => branch?.required), type: types.size === 1 ? [...types][0] : undefined };
}

/** Whether `schema` accepts the empty object: then a caller can omit the request. */
export function acceptsEmpty(schema: SchemaOrBoolean, resolve: Resolve, depth = 0): boolean {
  if (typeof schema === "boolean" || depth > MAX_DEPTH) return false;
  const target = resolved(schema, resolve);
  if (target !== undefined) return acceptsEmpty(target, resolve, depth + 1);
  const inner = (sub: SchemaOrBoolean): boolean => acceptsEmpty(sub, resolve, depth + 1);
  if (schema["required"] !== undefined || schema["minProperties"] !== undefined) return false;
  const members = listOf(schema, "allOf");
  if (members !== undefined) return members.every(inner);
  const branches = listOf(schema, "anyOf") ?? listOf(schema, "oneOf");
  if (branches !== undefined) return branches.some(inner);
  return schema["type"] === "object";
}

function paramType(schema: SchemaOrBoolean, resolve: Resolve, depth = 0): ParamType | undefined {
  if (typeof schema === "boolean" || depth > MAX_DEPTH) return undefined;
  const target = resolved(schema, resolve);
  if (target !== undefined) return paramType(target, resolve, depth + 1);
  const { type, const: only, enum: values } = schema;
  if (type === "string" || type === "integer" || type === "number" || type === "boolean") return type;
  if (only !== undefined) return typeOfValues([only]);
  if (Array.isArray(values)) return typeOfValues(values);
  const branches = listOf(schema, "anyOf") ?? listOf(schema, "oneOf");
  const types = new Set((branches ?? []).map((branch) => paramType(branch, resolve, depth + 1)));
  return types.size === 1 ? [...types][0] : undefined;
}

function typeOfValues(values: readonly unknown[]): ParamType | undefined {
  if (values.every((value) => typeof value === "string")) return "string";
  if (values.every((value) => Number.isInteger(value))) return "integer";
  if (values.every((value) => typeof value === "number")) return "number";
  return values.every((value) => typeof value === "boolean") ? "boolean" : undefined;
}

function resolved(schema: JsonSchema, resolve: Resolve): JsonSchema | undefined {
  const name = refName(schema);
  return name === undefined ? undefined : resolve(name);
}

function listOf(schema: JsonSchema, keyword: string): readonly SchemaOrBoolean[] | undefined {
  const list = schema[keyword];
  return Array.isArray(list) ? list : undefined;
}
