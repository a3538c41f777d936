import { keywordValue } from "sshrpc/contract";
import { className, isPlain } from "../schema/json-value.js";

/** Members that tell the values of other schema libraries. */
const LIBRARIES: Readonly<Record<string, string>> = { zod: "Zod", valibot: "Valibot", arktype: "ArkType", yup: "Yup" };

/**
 * What a value is that is used as a type but is none of TypeBox, with what to write instead; undefined if it can be a schema.
 */
export function describeMisfit(value: unknown): string | undefined {
  const library = libraryOf(value);
  if (library !== undefined) return `a schema of ${library}; declare it with TypeBox, such as Type.Object({ ... })`;
  if (typeof value === "function") return describeFunction(value);
  if (typeof value !== "object" || value === null || Array.isArray(value) || !isPlain(value)) {
    return describeOther(value);
  }
  const entries = Object.entries(value);
  const isFields =
    entries.length > 0 && entries.every(([key, field]) => keywordValue(key) === undefined && isType(field));
  if (!isFields) return undefined;
  return `an object of types; write Type.Object({ ${entries.map(([key]) => key).join(", ")} })`;
}

function libraryOf(value: unknown): string | undefined {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  const { "~standard": standard, _def: definition } = value as Readonly<Record<string, unknown>>;
  if (typeof standard === "object" && standard !== null) {
    const { vendor } = standard as { readonly vendor?: unknown };
    const name = String(vendor);
    return vendor === "typebox" ? undefined : (LIBRARIES[name] ?? name);
  }
  return typeof definition === "object" && definition !== null ? "Zod" : undefined;
}

function describeFunction(value: object): string {
  const { name } = value as { readonly name: string };
  const isClass = /^class\b/.test(Function.prototype.toString.call(value));
  if (isClass) return `the class ${name}; declare the fields of its instances with Type.Object({ ... })`;
  const builder = /^_?([A-Z]\w*?)_?$/.exec(name)?.[1];
  return builder === undefined ? "a function" : `the function Type.${builder}; call it: Type.${builder}(...)`;
}

/** TypeBox marks its types. */
function isType(value: unknown): boolean {
  return typeof value === "object" && value !== null && ("~kind" in value || "type" in value || "$ref" in value);
}

function describeOther(value: unknown): string {
  if (value === undefined) return "undefined; check for a misspelled import or files that import each other";
  if (value === null) return "null";
  if (typeof value !== "object") return `a ${typeof value}`;
  return Array.isArray(value) ? "an array" : `an instance of ${className(value)}, which JSON cannot carry`;
}
