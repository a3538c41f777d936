import type { JsonSchema, SchemaOf } from "sshrpc/contract";
import type { SchemaOrBoolean } from "../../../model/schema/schema-walk.js";
import { typescriptNote } from "../../../model/typebox/typescript-note.js";
import { ALL_TYPES, type JsonType, jsonTypeOf } from "../../shape/json-types.js";
import { type Parts, partsOf } from "../../shape/parts.js";
import { intersection, isUnknown, NEVER, UNKNOWN, union } from "./combine-types.js";
import { atom, type TypeText } from "./layout.js";
import { literalType } from "./literal.js";
import { constrainsObject, objectType, type TypeOf } from "./object-type.js";

/** Returns the local name of a named type in the current file. */
export type SpellName = (name: string) => string;

/** Where a type applies. */
interface TypeContext {
  readonly spell: SpellName;
  /** Looks up named types for the comments of members. */
  readonly schemaOf?: SchemaOf;
  /** Whether every array is read-only. */
  readonly readonlyArrays?: boolean;
  /** The types of JSON that the schemas around it allow. */
  readonly allowed?: readonly JsonType[];
  /** The schemas around it that apply to the same value. */
  readonly around?: readonly JsonSchema[];
}

/** The TypeScript type of the values that `schema` accepts. Validators check the keywords that types cannot express. */
export function typeText(schema: SchemaOrBoolean, context: TypeContext): TypeText {
  const { type } = typescriptNote(schema);
  if (type !== undefined) return atom(type);
  const parts = partsOf(schema, context.allowed);
  if (parts === undefined) return NEVER;
  const { schemas, names, types } = parts;
  const values = schemas.flatMap((one) => valueTypes(one, types));
  const inner = { ...context, allowed: types, around: [...(context.around ?? []), ...schemas] };
  const unions = schemas.flatMap((one) => unionTypes(one, inner));
  const combined = [...names.map((name) => atom(context.spell(name))), ...values, ...unions];
  return intersection([...combined, ...structure(parts, combined, context)]);
}

/** The types of `const` and `enum`. */
function valueTypes(schema: JsonSchema, types: readonly JsonType[]): readonly TypeText[] {
  const { type, enum: values } = schema;
  const lists = [...("const" in schema ? [[schema["const"]]] : []), ...(Array.isArray(values) ? [values] : [])];
  const onlyIntegers = [type].flat().includes("integer") && ![type].flat().includes("number");
  const fits = (value: unknown): boolean =>
    types.includes(jsonTypeOf(value)) && (typeof value !== "number" || !onlyIntegers || Number.isInteger(value));
  return lists.map((list) => union(list.filter(fits).map(literalType)));
}

/** The types of `anyOf` and `oneOf`. */
function unionTypes(schema: JsonSchema, context: TypeContext): readonly TypeText[] {
  const lists = [schema["anyOf"], schema["oneOf"]].filter(Array.isArray) as readonly (readonly SchemaOrBoolean[])[];
  return lists.map((branches) => union(branches.map((branch) => typeText(branch, context))));
}

/** The type that `type`, and the keywords of objects and arrays, describe; empty if `others` imply it. */
function structure(
  { schemas, names, types }: Parts,
  others: readonly TypeText[],
  context: TypeContext,
): readonly TypeText[] {
  const onlyObject = types.length === 1 && types[0] === "object";
  const objects = types.includes("object") ? schemas.filter(constrainsObject) : [];
  const arrays = types.includes("array") ? schemas.filter(constrainsArray) : [];
  const isImplied = others.some((one) => !isUnknown(one)) && (names.length === 0 || onlyObject);
  if (objects.length === 0 && arrays.length === 0 && (isImplied || types.length === ALL_TYPES.length)) return [];
  const schemaOf = context.schemaOf ?? (() => undefined);
  const typeOf: TypeOf = (schema) =>
    typeText(schema, {
      spell: context.spell,
      schemaOf,
      readonlyArrays: context.readonlyArrays === true,
    });
  const parts = types.map((type) => {
    if (type === "object")
      return objectType(objects, { typeOf, schemaOf, around: context.around ?? [], named: names.length > 0 });
    if (type === "array")
      return intersection(
        arrays.length === 0 ? [arrayType({}, typeOf, context)] : arrays.map((one) => arrayType(one, typeOf, context)),
      );
    return atom(type);
  });
  return [union(parts)];
}

function constrainsArray(schema: JsonSchema): boolean {
  return (
    ["items", "unevaluatedItems"].some((keyword) => keyword in schema) || typescriptNote(schema).immutable === true
  );
}

function arrayType(schema: JsonSchema, typeOf: TypeOf, { readonlyArrays }: TypeContext): TypeText {
  const { items, additionalItems, minItems } = schema;
  const readonly = readonlyArrays === true || typescriptNote(schema).immutable === true;
  if (!Array.isArray(items)) {
    const item = items === undefined ? UNKNOWN : typeOf(items as SchemaOrBoolean);
    return { kind: "array", item, readonly };
  }
  const rest = additionalItems === false ? undefined : typeOf((additionalItems ?? true) as SchemaOrBoolean);
  const required = Math.min(items.length, typeof minItems === "number" ? minItems : 0);
  const types = items.map((item: SchemaOrBoolean) => typeOf(item));
  return { kind: "tuple", items: types, required, rest, readonly };
}
