import type { JsonSchema } from "sshrpc/contract";
import { refName, type SchemaOrBoolean } from "../../model/schema/schema-walk.js";
import { CASES, type CaseCondition, WHEN } from "./own-keywords.js";

/** A branch of a union: as the contract has it, and rewritten for ajv. */
interface Branch {
  readonly schema: SchemaOrBoolean;
  readonly rewritten: unknown;
}

/** A union, of which a value must match one branch, or exactly one. */
interface Union {
  readonly keyword: "anyOf" | "oneOf";
  readonly branches: readonly Branch[];
}

/** Looks up named types. */
export type TypesByName = Pick<ReadonlyMap<string, JsonSchema>, "get">;

/**
 * Rewrites a union so that a value is validated by the one branch that its type or its tag selects, and its errors are about
 * that branch alone. Branches that neither distinguishes stay a union. The result accepts the same values.
 */
export function unionCases(union: Union, types: TypesByName): JsonSchema {
  const groups = groupByType(union.branches, types);
  const [only, ...others] = groups ?? [];
  if (groups === undefined || only === undefined) return plainUnion(union);
  if (others.length === 0) return groupSchema(union, only, types);
  return {
    type: groups.flatMap((group) => group.types),
    [CASES]: groups.map((group) => groupSchema(union, group, types)),
    [WHEN]: groups.map((group): CaseCondition => ({ types: group.types })),
  };
}

/** Branches that accept values of the same types. */
interface Group {
  readonly types: readonly string[];
  readonly branches: readonly Branch[];
}

/** Groups with no type in common; undefined where a branch accepts any type. */
export function groupByType(branches: readonly Branch[], types: TypesByName): readonly Group[] | undefined {
  let groups: readonly Group[] = [];
  for (const branch of branches) {
    const accepted = typesOf(branch.schema, types);
    if (accepted === undefined) return undefined;
    const overlaps = (group: Group): boolean => group.types.some((type) => accepted.has(type));
    const joined = [...groups.filter(overlaps), { types: [...accepted], branches: [branch] }];
    const merged = {
      types: [...new Set(joined.flatMap((group) => group.types))],
      branches: joined.flatMap((group) => group.branches),
    };
    groups = [...groups.filter((group) => !overlaps(group)), merged];
  }
  return groups;
}

function plainUnion({ keyword, branches }: Union): JsonSchema {
  return { [keyword]: branches.map(({ rewritten }) => rewritten) };
}

function groupSchema({ keyword }: Union, { branches, types: accepted }: Group, types: TypesByName): JsonSchema {
  const [first, ...others] = branches.map((branch) => branch.rewritten);
  if (others.length === 0)
    return typeof first === "object" && first !== null ? (first as JsonSchema) : { allOf: [first] };
  const values = branches.map(({ schema }) => constantOf(schema));
  const constants = values.flat();
  if (!values.includes(undefined) && new Set(constants).size === constants.length) return { enum: constants };
  const tag = accepted.join() === "object" ? tagOf(branches, types) : undefined;
  if (tag === undefined) return plainUnion({ keyword, branches });
  const { name, cases } = tag;
  return {
    type: "object",
    required: [name],
    properties: { [name]: { enum: cases.flat() } },
    [CASES]: branches.map(({ rewritten }) => rewritten),
    [WHEN]: cases.map((list): CaseCondition => ({ tag: name, values: list })),
  };
}

/** The value of a `const` schema, in a list. */
function constantOf(schema: SchemaOrBoolean): readonly unknown[] | undefined {
  return typeof schema === "object" && "const" in schema && isScalarValue(schema["const"])
    ? [schema["const"]]
    : undefined;
}

/** The first property that each branch requires and gives values of its own. */
export function tagOf(
  branches: readonly Branch[],
  types: TypesByName,
): { readonly name: string; readonly cases: readonly (readonly unknown[])[] } | undefined {
  const tags = branches.map(({ schema }) => tagsOf(schema, types, new Set()));
  for (const name of tags[0]?.keys() ?? []) {
    const cases = tags.map((values) => values.get(name) ?? []);
    const all = cases.flat();
    if (cases.every(({ length }) => length > 0) && new Set(all).size === all.length) return { name, cases };
  }
  return undefined;
}

/** The required properties of an object that have a few possible values, with these. */
function tagsOf(
  schema: SchemaOrBoolean,
  types: TypesByName,
  seen: Set<string>,
): ReadonlyMap<string, readonly unknown[]> {
  const { required, values } = partOf(schema, types, seen);
  return new Map([...values].filter(([name]) => required.has(name)));
}

interface ObjectPart {
  readonly required: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, readonly unknown[]>;
}

function partOf(schema: SchemaOrBoolean, types: TypesByName, seen: Set<string>): ObjectPart {
  if (typeof schema === "boolean") return { required: new Set(), values: new Map() };
  const name = refName(schema);
  const target = name === undefined || seen.has(name) ? undefined : types.get(name);
  const inner = [target ?? [], (schema["allOf"] as SchemaOrBoolean[] | undefined) ?? []].flat();
  const parts = inner.map((part) => partOf(part, types, name === undefined ? seen : new Set(seen).add(name)));
  const properties = Object.entries((schema["properties"] as Record<string, SchemaOrBoolean> | undefined) ?? {});
  return {
    required: new Set([
      ...((schema["required"] as string[] | undefined) ?? []),
      ...parts.flatMap((part) => [...part.required]),
    ]),
    values: new Map([
      ...parts.flatMap((part) => [...part.values]),
      ...properties.flatMap(([key, property]) => {
        const values = valuesOf(property, types);
        return values === undefined ? [] : [[key, values] as const];
      }),
    ]),
  };
}

/** The possible values of a schema with `const` or `enum` of scalars, or of a union of such constants. */
function valuesOf(schema: SchemaOrBoolean, types: TypesByName): readonly unknown[] | undefined {
  if (typeof schema === "boolean") return undefined;
  const name = refName(schema);
  const target = name === undefined ? schema : types.get(name);
  if (target === undefined || refName(target) !== undefined) return undefined;
  const union = target["anyOf"] ?? target["oneOf"];
  const values = Array.isArray(union)
    ? union.flatMap((branch: SchemaOrBoolean) => constantOf(branch) ?? [undefined])
    : (constantOf(target) ?? target["enum"]);
  return Array.isArray(values) && values.every(isScalarValue) ? values : undefined;
}

function isScalarValue(value: unknown): boolean {
  return typeof value !== "object" && value !== undefined;
}

/** The JSON types of the values that a schema accepts; undefined where it does not say. An integer is a number. */
export function typesOf(
  schema: SchemaOrBoolean,
  types: TypesByName,
  seen: ReadonlySet<string> = new Set(),
): ReadonlySet<string> | undefined {
  if (typeof schema === "boolean") return undefined;
  const name = refName(schema);
  if (name !== undefined) {
    const target = types.get(name);
    return target === undefined || seen.has(name) ? undefined : typesOf(target, types, new Set(seen).add(name));
  }
  if (schema["type"] !== undefined) {
    return new Set([schema["type"]].flat().map((type) => (type === "integer" ? "number" : String(type))));
  }
  const values = "const" in schema ? [schema["const"]] : schema["enum"];
  if (Array.isArray(values)) return new Set(values.map(typeOf));
  const union = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(union)) {
    const each = union.map((branch: SchemaOrBoolean) => typesOf(branch, types, seen));
    return each.some((one) => one === undefined) ? undefined : new Set(each.flatMap((one) => [...(one ?? [])]));
  }
  const parts = (schema["allOf"] as SchemaOrBoolean[] | undefined) ?? [];
  return parts.map((part) => typesOf(part, types, seen)).find((part) => part !== undefined);
}

function typeOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}
