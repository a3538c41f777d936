import type { JsonSchema } from "sshrpc/contract";
import type { ApiModel, MethodModel, TypeUse } from "../model/api-model.js";
import { refName, type SchemaOrBoolean } from "../model/schema-walk.js";
import { layout } from "./layout.js";
import type { ImportedSymbol, TextFile } from "./text-file.js";
import { type SpellName, typeText } from "./type-text.js";

/** How many alternatives a type may have that is written where it is used. */
const MAX_INLINE = 3;

/** Whether a type is so short that it needs no name: `null`, `string`, `Note[]`, `Note | null`. */
export function isInline(schema: SchemaOrBoolean): boolean {
  if (typeof schema === "boolean" || refName(schema) !== undefined) return true;
  const { type, items, anyOf, enum: values, properties, allOf, oneOf } = schema;
  if (Array.isArray(anyOf)) return anyOf.length <= MAX_INLINE && anyOf.every(isInline);
  if (Array.isArray(values)) return values.length <= MAX_INLINE;
  if (type === "array") return items === undefined || (!Array.isArray(items) && isInline(items as JsonSchema));
  return (
    type !== "object" && properties === undefined && allOf === undefined && oneOf === undefined && !Array.isArray(type)
  );
}

/** The types that methods use under names of their own, in the order of the schema. */
export function ownTypes(method: MethodModel): readonly TypeUse[] {
  const request = isEmptyRequest(method) ? [] : [method.request];
  const response = method.response === undefined ? [] : [method.response];
  return [...request, ...response, ...method.errors].filter(({ schema }) => !isInline(schema));
}

/** Every type that `types.ts` exports. */
export function exportedTypes(model: ApiModel): readonly string[] {
  const methods = model.resources.flatMap((resource) => resource.methods);
  const own = methods.flatMap((method) => [
    ...ownTypes(method).map(({ name }) => name),
    ...(method.errors.length > 0 ? [`${method.typeName}Errors`, `${method.typeName}Error`] : []),
  ]);
  return [...model.types.map(({ name }) => name), ...own];
}

/** Whether a method's request is the empty object that stands for none. */
export function isEmptyRequest({ request: { schema } }: MethodModel): boolean {
  return (
    schema["type"] === "object" && Object.keys((schema["properties"] as object | undefined) ?? { any: 1 }).length === 0
  );
}

/** A type of `types.ts`. */
export function schemaType(name: string, extension: string): ImportedSymbol {
  return { name, from: `./types${extension}`, type: true, alias: `${name}Type` };
}

/** How `use` is spelled in `file`, which imports what that takes. */
export function useType(file: TextFile, use: TypeUse | undefined, extension: string): string {
  if (use === undefined) return "undefined";
  const spell: SpellName = (name) => file.use(schemaType(name, extension));
  return isInline(use.schema) ? layout(typeText(use.schema, spell), 2, 0) : spell(use.name);
}

/** How a method's request is spelled in `file`. */
export function useRequest(file: TextFile, method: MethodModel, extension: string): string {
  return isEmptyRequest(method) ? "{ [key: string]: never }" : useType(file, method.request, extension);
}
