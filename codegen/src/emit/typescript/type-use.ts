import type { SchemaOf } from "sshrpc/contract";
import { kept } from "../../base/kept.js";
import { type ApiModel, allMethods, type MethodModel, type StreamUse, type TypeUse } from "../../model/api-model.js";
import { refName, type SchemaOrBoolean, withoutNotes } from "../../model/schema/schema-walk.js";
import { typescriptNote } from "../../model/typebox/typescript-note.js";
import { errorTypeNames } from "./naming.js";
import { fileSpecifier, type ImportedSymbol, type PartContext } from "./text-file.js";
import { layout } from "./type/layout.js";
import { type SpellName, typeText } from "./type/type-text.js";

/** The maximum number of alternatives of a type that is written inline. */
const MAX_INLINE = 3;

/** Keywords of types that are declared on their own. */
const DECLARED = ["properties", "patternProperties", "additionalProperties", "required", "allOf", "oneOf", "not"];

/** Whether a type is short enough to be written inline: `null`, `string`, `Note[]`, `Note | null`. */
export function isInline(schema: SchemaOrBoolean): boolean {
  if (typeof schema === "boolean" || refName(schema) !== undefined || typescriptNote(schema).type !== undefined) {
    return true;
  }
  const { type, items, anyOf, enum: values } = schema;
  if (DECLARED.some((keyword) => keyword in schema)) return false;
  if (Array.isArray(anyOf)) return type === undefined && anyOf.length <= MAX_INLINE && anyOf.every(isInline);
  if (Array.isArray(values)) return values.length <= MAX_INLINE && values.every(isScalarValue);
  if ("const" in schema) return isScalarValue(schema["const"]);
  if (type === "array") return items === undefined || (!Array.isArray(items) && isInline(items as SchemaOrBoolean));
  return type !== "object" && items === undefined && !Array.isArray(type);
}

function isScalarValue(value: unknown): boolean {
  return typeof value !== "object" || value === null;
}

/** The types that are declared for one method: request, request stream, response stream, response, errors. */
export function ownTypes(method: MethodModel): readonly TypeUse[] {
  return kept(own, method, findOwnTypes);
}

/** Those of earlier runs. */
const own = new WeakMap<MethodModel, readonly TypeUse[]>();

function findOwnTypes(method: MethodModel): readonly TypeUse[] {
  const request = isEmptyRequest(method) ? undefined : method.request;
  const { requestStream, responseStream, response, errors } = method;
  return [request, requestStream, responseStream, response, ...errors].filter(
    (use) => use !== undefined && use !== "bytes" && !isInline(use.schema),
  ) as readonly TypeUse[];
}

/** Looks up the named types of a model. */
export function schemasOf({ types }: ApiModel): SchemaOf {
  const schemas = new Map(types.map(({ name, schema }) => [name, schema]));
  return (name) => schemas.get(name);
}

/** Every type that `types.d.ts` exports, but the second declarations of those that callers send. */
export function declaredTypes(model: ApiModel): readonly string[] {
  return kept(declared, model, findDeclaredTypes);
}

/** Several files of one run need them. */
const declared = new WeakMap<ApiModel, readonly string[]>();

function findDeclaredTypes(model: ApiModel): readonly string[] {
  const own = allMethods(model).flatMap((method) => [
    ...ownTypes(method).map(({ name }) => name),
    ...(method.errors.length > 0 ? Object.values(errorTypeNames(method.typeName)) : []),
  ]);
  return [...model.types.map(({ name }) => name), ...own];
}

/** Whether a method takes no request, which the contract represents as an empty object. */
function isEmptyRequest({ request: { schema } }: MethodModel): boolean {
  if (schema["type"] !== "object") return false;
  const { type, properties, additionalProperties, ...others } = withoutNotes(schema);
  const hasNone = typeof properties === "object" && properties !== null && Object.keys(properties).length === 0;
  return type === "object" && hasNone && (additionalProperties ?? false) === false && Object.keys(others).length === 0;
}

type Imports = Pick<PartContext, "use">;
type NewNames = Pick<ReadonlyMap<string, string>, "get">;

/** A type of `types.d.ts`. */
export function schemaType(name: string): ImportedSymbol {
  return { name, from: fileSpecifier("types"), type: true, alias: `${name}Type` };
}

/**
 * The text of a type in `file`, which imports the named types in it.
 * @param sent the types for what callers send, where the value is such
 */
export function useType(file: Imports, use: TypeUse, sent?: NewNames): string {
  const spell: SpellName = (name) => file.use(schemaType(sent?.get(name) ?? name));
  const context = { spell, readonlyArrays: sent !== undefined };
  return isInline(use.schema) ? layout(typeText(use.schema, context), 2, 0) : spell(use.name);
}

/** The text of the type of a stream's items in `file`. */
export function useItem(file: Imports, stream: StreamUse, sent?: NewNames): string {
  return stream === "bytes" ? "Uint8Array" : useType(file, stream, sent);
}

/** The text of the type of a method's request in `file`. */
export function useRequest(file: Imports, method: MethodModel, sent?: NewNames): string {
  return isEmptyRequest(method) ? "{ [key: string]: never }" : useType(file, method.request, sent);
}
