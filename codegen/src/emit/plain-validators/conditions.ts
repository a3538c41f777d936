import type { JsonSchema } from "sshrpc/contract";
import { isSchemaObject, type SchemaOrBoolean } from "../../model/schema/schema-walk.js";
import type { CaseCondition } from "../shape/own-keywords.js";
import { access, type Test } from "./chain.js";
import { formatCall } from "./is-plain.js";

/** A value in the code: the expression for it and the one for its JSON pointer. */
export interface Place {
  readonly data: string;
  readonly path: string;
}

/** What the tests use of the file around them. */
export interface Scope {
  /** Imports a helper. @returns its name */
  use(helper: string): string;
  /** Declares a regular expression. @returns its name */
  pattern(source: string): string;
}

/** How a value of each JSON type is recognized. */
const TYPES: Readonly<Record<string, (data: string, scope: Scope) => string>> = {
  string: (data) => `typeof ${data} === "string"`,
  number: (data) => `Number.isFinite(${data})`,
  integer: (data) => `Number.isInteger(${data})`,
  boolean: (data) => `typeof ${data} === "boolean"`,
  null: (data) => `${data} === null`,
  array: (data) => `Array.isArray(${data})`,
  object: (data, scope) => `${scope.use("isObject")}(${data})`,
};

/** The condition of a value that has one of the types. */
export function isOfType(types: readonly string[], data: string, scope: Scope): string {
  return types.map((type) => TYPES[type]?.(data, scope)).join(" || ");
}

/** The test of `type`, or of a schema that is a safe integer. */
export function typeTest(type: string | readonly string[], place: Place, scope: Scope): Test {
  const types = [type].flat();
  const is = isOfType(types, place.data, scope);
  const [one] = is.split(" === ");
  const fails = types.length > 1 ? `!(${is})` : is === one ? `!${is}` : is.replace(" === ", " !== ");
  return { fails, report: reported(scope, "wrongType", place, JSON.stringify(type)) };
}

/**
 * One test for all that a schema says of a string or an integer, where it says nothing but its length or range: the helper that adds
 * the error finds out what is wrong.
 */
export function shortTest(schema: JsonSchema, place: Place, scope: Scope): Test | undefined {
  const { type, ...bounds } = schema;
  const names = Object.keys(bounds);
  const { data } = place;
  if (type === "string" && names.length > 0 && names.every((name) => name === "maxLength" || name === "minLength")) {
    const { maxLength, minLength } = bounds;
    const limits = minLength === undefined ? maxLength : `${maxLength ?? "Infinity"}, ${minLength}`;
    return {
      fails: `!${scope.use("isText")}(${data}, ${limits})`,
      report: reported(scope, "wrongText", place, `${data}, ${properties(bounds)}`),
    };
  }
  if (type !== "integer" || names.sort().join() !== "maximum,minimum") return undefined;
  const { maximum, minimum } = bounds as { readonly maximum: number; readonly minimum: number };
  if (maximum === Number.MAX_SAFE_INTEGER && minimum === Number.MIN_SAFE_INTEGER) {
    return { fails: `!Number.isSafeInteger(${data})`, report: reported(scope, "wrongInteger", place, data) };
  }
  return {
    fails: `!Number.isInteger(${data}) || ${data} > ${maximum} || ${data} < ${minimum}`,
    report: reported(scope, "wrongInteger", place, `${data}, ${properties({ maximum, minimum })}`),
  };
}

/** A literal of an object of numbers. */
function properties(values: Readonly<Record<string, unknown>>): string {
  return `{ ${Object.entries(values)
    .map(([name, value]) => `${name}: ${value}`)
    .join(", ")} }`;
}

const BOUNDS = [
  ["maximum", ">", "<="],
  ["minimum", "<", ">="],
  ["exclusiveMaximum", ">=", "<"],
  ["exclusiveMinimum", "<=", ">"],
] as const;

/** The tests of the bounds of a number. */
export function boundTests(schema: JsonSchema, place: Place, scope: Scope): readonly Test[] {
  return BOUNDS.flatMap(([keyword, outside, comparison]) => {
    const limit = schema[keyword] as number | undefined;
    if (limit === undefined) return [];
    const params = `{ comparison: "${comparison}", limit: ${limit} }`;
    return [{ fails: `${place.data} ${outside} ${limit}`, report: failed(scope, keyword, place, params) }];
  });
}

/** The tests of the keywords of strings. */
export function textTests(schema: JsonSchema, place: Place, scope: Scope): readonly Test[] {
  const { maxLength, minLength, pattern, format } = schema as Readonly<Record<string, string | number | undefined>>;
  const tests: Test[] = [];
  const add = (keyword: string, fails: string, params: string): void => {
    tests.push({ fails, report: failed(scope, keyword, place, params) });
  };
  const { data } = place;
  if (maxLength !== undefined) {
    add("maxLength", `${scope.use("isLonger")}(${data}, ${maxLength})`, `{ limit: ${maxLength} }`);
  }
  if (minLength !== undefined) {
    add("minLength", `${scope.use("isShorter")}(${data}, ${minLength})`, `{ limit: ${minLength} }`);
  }
  if (pattern !== undefined) {
    add("pattern", `!${scope.pattern(String(pattern))}.test(${data})`, `{ pattern: ${JSON.stringify(pattern)} }`);
  }
  if (format !== undefined) {
    scope.use("formats");
    add("format", `!${formatCall(String(format))}(${data})`, `{ format: ${JSON.stringify(format)} }`);
  }
  return tests;
}

/** The tests of `const` and `enum`. */
export function constantTests(schema: JsonSchema, place: Place, scope: Scope): readonly Test[] {
  const tests: Test[] = [];
  if ("const" in schema) {
    const value = JSON.stringify(schema["const"]);
    tests.push({
      fails: `${place.data} !== ${value}`,
      report: failed(scope, "const", place, `{ allowedValue: ${value} }`),
    });
  }
  if ("enum" in schema) {
    const values = schema["enum"] as readonly unknown[];
    const fails = values.map((value) => `${place.data} !== ${JSON.stringify(value)}`).join(" && ");
    tests.push({ fails, report: failed(scope, "enum", place, `{ allowedValues: ${JSON.stringify(values)} }`) });
  }
  return tests;
}

/** The tests of the number of items or properties. */
export function sizeTests(
  schema: JsonSchema,
  what: "Items" | "Properties",
  place: Place,
  scope: Scope,
): readonly Test[] {
  const size = what === "Items" ? `${place.data}.length` : `Object.keys(${place.data}).length`;
  return (["max", "min"] as const).flatMap((bound) => {
    const limit = schema[bound + what] as number | undefined;
    if (limit === undefined) return [];
    const report = failed(scope, bound + what, place, `{ limit: ${limit} }`);
    return [{ fails: `${size} ${bound === "max" ? ">" : "<"} ${limit}`, report }];
  });
}

/** The test of `uniqueItems`. */
export function uniqueTests(schema: JsonSchema, place: Place, scope: Scope): readonly Test[] {
  if (schema["uniqueItems"] !== true) return [];
  const fails = `${scope.use("duplicateItems")}(${place.data}) !== undefined`;
  return [{ fails, report: reported(scope, "duplicates", place, place.data) }];
}

/** The statement that adds an error of a keyword. */
function failed(scope: Scope, keyword: string, place: Place, params: string): string {
  return reported(scope, "fail", place, `"${keyword}", ${params}`);
}

/** The statement that adds an error by a helper. */
export function reported(scope: Scope, helper: string, { path }: Pick<Place, "path">, parameters: string): string {
  return `errors = ${scope.use(helper)}(errors, ${path}, ${parameters});`;
}

/** The condition of a case of a union. */
export function conditionOf(condition: CaseCondition, { data }: Place, scope: Scope): string {
  if ("types" in condition) return isOfType(condition.types, data, scope);
  const { tag, values } = condition;
  const property = `${data}?.${access(tag).replace(/^\./, "")}`;
  const any = values.map((value) => `${property} === ${JSON.stringify(value)}`).join(" || ");
  return `typeof ${data} === "object" && ${values.length > 1 ? `(${any})` : any}`;
}

/** Whether the condition of a case says all that the schema of the case does. */
export function isDecided(branch: SchemaOrBoolean, condition: CaseCondition): boolean {
  if (!isSchemaObject(branch) || !("types" in condition)) return false;
  return Object.keys(branch).join() === "type" && branch["type"] !== "integer";
}
