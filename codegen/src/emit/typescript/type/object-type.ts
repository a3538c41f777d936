import type { JsonSchema, SchemaOf } from "sshrpc/contract";
import { keyParts } from "../../../base/key-pattern.js";
import type { SchemaOrBoolean } from "../../../model/schema/schema-walk.js";
import { templateText, typescriptNote } from "../../../model/typebox/typescript-note.js";
import { intersection, NEVER, UNDEFINED, UNKNOWN, union } from "./combine-types.js";
import { commentOf } from "./comment-of.js";
import { atom, type Member, type TypeText } from "./layout.js";
import { propertyName } from "./literal.js";

const OF_OBJECTS = ["properties", "patternProperties", "required", "additionalProperties", "unevaluatedProperties"];

/** Whether the type of an object depends on the schema. */
export function constrainsObject(schema: JsonSchema): boolean {
  return OF_OBJECTS.some((keyword) => keyword in schema);
}

/** The type of a property or an item. */
export type TypeOf = (schema: SchemaOrBoolean) => TypeText;

interface Surroundings {
  readonly typeOf: TypeOf;
  readonly schemaOf: SchemaOf;
  /** Schemas outside that apply to the same object. */
  readonly around: readonly JsonSchema[];
  /** Whether the object also has a named type. */
  readonly named: boolean;
}

/** The type of the objects that all `schemas` accept. */
export function objectType(schemas: readonly JsonSchema[], surroundings: Surroundings): TypeText {
  const required = new Set(schemas.flatMap((schema) => (schema["required"] ?? []) as readonly string[]));
  const declared = schemas.flatMap((schema) => Object.keys(propertiesOf(schema)));
  const names = [...new Set([...declared, ...required])];
  const members = names.map((name) => member(name, required.has(name), schemas, surroundings));
  const keyed = indexSignatures(schemas, members, surroundings.typeOf);
  if (members.length + keyed.length > 0) return { kind: "object", members: [...members, ...keyed] };
  const isClosed = schemas.some((schema) => schema["additionalProperties"] === false || isClosedByDefault(schema));
  return { kind: "object", members: [index("string", isClosed ? NEVER : UNKNOWN)] };
}

/** A member of an object type, with what decides whether an index signature must fit it. */
interface NamedMember extends Member {
  readonly name: string;
}

function member(
  name: string,
  isRequired: boolean,
  schemas: readonly JsonSchema[],
  { typeOf, schemaOf, around, named }: Surroundings,
): NamedMember {
  const own = schemas.flatMap((schema) => applying(name, schema));
  const outside = own.length > 0 ? [] : around.flatMap((schema) => applying(name, schema));
  const types = [...own, ...outside].map(typeOf);
  const type = types.length > 0 || !named ? intersection(types) : union([atom("{}"), atom("null")]);
  const declaring = own.find((schema) => typeof schema === "object") ?? {};
  const head = `${typescriptNote(declaring).readonly === true ? "readonly " : ""}${propertyName(name)}`;
  const comment = commentOf(declaring, { schemaOf });
  return isRequired
    ? { name, comment, head, type }
    : { name, comment, head: `${head}?`, type: union([type, UNDEFINED]) };
}

/** The schemas for the property `name`. JSON Schema 2019-09, section 9.3.2. */
function applying(name: string, schema: JsonSchema): readonly SchemaOrBoolean[] {
  const properties = propertiesOf(schema);
  const own = Object.hasOwn(properties, name) ? [properties[name] as SchemaOrBoolean] : [];
  const patterns = patternsOf(schema).filter(([pattern]) => new RegExp(pattern, "u").test(name));
  const found = [...own, ...patterns.map(([, value]) => value)];
  const more = schema["additionalProperties"] as SchemaOrBoolean | undefined;
  return found.length > 0 || more === undefined || more === true ? found : [more];
}

interface Keyed {
  /** `string`, `number` or a template literal type. */
  readonly key: string;
  readonly matches: (name: string) => boolean;
  readonly type: TypeText;
}

/** The index signatures for properties without a name of their own. */
function indexSignatures(
  schemas: readonly JsonSchema[],
  members: readonly NamedMember[],
  typeOf: TypeOf,
): readonly Member[] {
  const entries = schemas.flatMap((schema) => keyedOf(schema, typeOf));
  const byKey = new Map<string, Keyed[]>();
  for (const entry of entries) byKey.set(entry.key, [...(byKey.get(entry.key) ?? []), entry]);
  return [...byKey].map(([key, list]) => {
    // TypeScript requires that an index signature fits each member that it covers, and "string" covers all.
    const covered = members.filter(({ name }) => key === "string" || list.some(({ matches }) => matches(name)));
    const others = key === "string" ? entries : list;
    const isAlone = key === "string" && members.length === 0 && byKey.size === 1;
    const types = isAlone
      ? list.map(({ type }) => type)
      : [...others.map(({ type }) => type), ...covered.map(({ type }) => type)];
    return index(key, union(types));
  });
}

function keyedOf(schema: JsonSchema, typeOf: TypeOf): readonly Keyed[] {
  const patterns = patternsOf(schema).map(([pattern, value]): Keyed => {
    const matches = (name: string): boolean => new RegExp(pattern, "u").test(name);
    return { key: keyType(pattern), matches, type: typeOf(value) };
  });
  const more = schema["additionalProperties"] ?? schema["unevaluatedProperties"];
  if (more === undefined || more === false) return patterns;
  return [...patterns, { key: "string", matches: () => true, type: typeOf(more as SchemaOrBoolean) }];
}

/** The type of the keys that match a pattern; `string` where no type says it. */
function keyType(pattern: string): string {
  const parts = keyParts(pattern, true);
  const [only] = parts ?? [];
  if (parts === undefined || only === undefined) return "string";
  if (parts.length === 1 && typeof only === "object" && "any" in only) return only.any;
  return parts.some((part) => typeof part === "object" && "any" in part) ? templateText(parts) : "string";
}

function index(key: string, type: TypeText): Member {
  return { comment: "", head: `[key: ${key}]`, type };
}

function propertiesOf(schema: JsonSchema): Readonly<Record<string, SchemaOrBoolean>> {
  return (schema["properties"] ?? {}) as Readonly<Record<string, SchemaOrBoolean>>;
}

function patternsOf(schema: JsonSchema): readonly (readonly [string, SchemaOrBoolean])[] {
  return Object.entries((schema["patternProperties"] ?? {}) as Readonly<Record<string, SchemaOrBoolean>>);
}

function isClosedByDefault(schema: JsonSchema): boolean {
  return schema["properties"] !== undefined && schema["additionalProperties"] === undefined;
}
