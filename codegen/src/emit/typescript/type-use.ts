import type { JsonSchema } from "sshrpc/contract";
import { type ApiModel, allMethods, type MethodModel, type StreamUse, type TypeUse } from "../../model/api-model.js";
import { refName, type SchemaOrBoolean } from "../../model/schema-walk.js";
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

/** The types that a method uses under names of its own, in the order in which a call meets them. */
export function ownTypes(method: MethodModel): readonly TypeUse[] {
  const request = isEmptyRequest(method) ? undefined : method.request;
  const { requestStream, responseStream, response, errors } = method;
  return [request, requestStream, responseStream, response, ...errors].filter(
    (use) => use !== undefined && use !== "bytes" && !isInline(use.schema),
  ) as readonly TypeUse[];
}

/** Every type that `types.ts` exports. */
export function exportedTypes(model: ApiModel): readonly string[] {
  const own = allMethods(model).flatMap((method) => [
    ...ownTypes(method).map(({ name }) => name),
    ...(method.errors.length > 0 ? [`${method.typeName}Errors`, `${method.typeName}Error`] : []),
  ]);
  return [...model.types.map(({ name }) => name), ...own];
}

/** Whether a method's request is the empty object that stands for none. */
function isEmptyRequest({ request: { schema } }: MethodModel): boolean {
  return (
    schema["type"] === "object" && Object.keys((schema["properties"] as object | undefined) ?? { any: 1 }).length === 0
  );
}

/** A type of `types.ts`. */
export function schemaType(name: string, extension: string): ImportedSymbol {
  return { name, from: `./types${extension}`, type: true, alias: `${name}Type` };
}

/** How `use` is spelled in `file`, which imports what that takes. */
export function useType(file: TextFile, use: TypeUse, extension: string): string {
  const spell: SpellName = (name) => file.use(schemaType(name, extension));
  return isInline(use.schema) ? layout(typeText(use.schema, spell), 2, 0) : spell(use.name);
}

/** How the items of a stream are spelled in `file`. */
export function useItem(file: TextFile, stream: StreamUse, extension: string): string {
  return stream === "bytes" ? "Uint8Array" : useType(file, stream, extension);
}

/** How a method's request is spelled in `file`. */
export function useRequest(file: TextFile, method: MethodModel, extension: string): string {
  return isEmptyRequest(method) ? "{ [key: string]: never }" : useType(file, method.request, extension);
}
