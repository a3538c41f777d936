import type { JsonSchema } from "sshrpc/contract";
import { refName, type SchemaOrBoolean } from "../../model/schema/schema-walk.js";

type Types = ReadonlyMap<string, JsonSchema>;

interface Names {
  readonly undeclared: readonly string[];
  readonly declares: readonly ((name: string) => boolean)[];
}

/**
 * The names that the schema requires without a schema of the property, and tests for those that it declares, in all schemas that apply
 * to the same value. What an alternative declares is declared in that one alone.
 */
export function propertyNames(schema: SchemaOrBoolean, types: Types, seen: ReadonlySet<string> = new Set()): Names {
  if (typeof schema === "boolean") return { undeclared: [], declares: [] };
  const name = refName(schema);
  const target = name === undefined || seen.has(name) ? undefined : types.get(name);
  const below = name === undefined ? seen : new Set(seen).add(name);
  const namesOf = (sub: SchemaOrBoolean): Names => propertyNames(sub, types, below);
  const certain = [...(target === undefined ? [] : [target]), ...listOf(schema["allOf"])].map(namesOf);
  const possible = [
    ...branchesOf(schema),
    ...["if", "then", "else"].map((keyword) => (schema[keyword] as SchemaOrBoolean) ?? true),
    ...entriesOf(schema["dependentSchemas"]).map(([, sub]) => sub),
  ].map(namesOf);
  const properties = new Set(entriesOf(schema["properties"]).map(([key]) => key));
  const patterns = entriesOf(schema["patternProperties"]).map(([pattern]) => new RegExp(pattern, "u"));
  const hasRest = (schema["additionalProperties"] ?? schema["unevaluatedProperties"]) !== undefined;
  const declares = [
    (key: string) => hasRest || properties.has(key) || patterns.some((pattern) => pattern.test(key)),
    ...certain.flatMap((one) => one.declares),
  ];
  const required = [...requiredOf(schema), ...[...certain, ...possible].flatMap(({ undeclared }) => undeclared)];
  return { undeclared: required.filter((key) => !declares.some((declared) => declared(key))), declares };
}

/** The alternatives of a schema. */
export function branchesOf(schema: JsonSchema): readonly SchemaOrBoolean[] {
  return listOf(schema["anyOf"] ?? schema["oneOf"]);
}

/** The names of the properties that a schema requires. */
export function requiredOf(schema: JsonSchema): readonly string[] {
  return (schema["required"] as readonly string[] | undefined) ?? [];
}

/** A list of schemas; empty for any other value. */
export function listOf(value: unknown): readonly SchemaOrBoolean[] {
  return Array.isArray(value) ? value : [];
}

/** The schemas of an object by their names; empty if it is absent. */
export function entriesOf(value: unknown): readonly [string, SchemaOrBoolean][] {
  return Object.entries((value ?? {}) as Readonly<Record<string, SchemaOrBoolean>>);
}
