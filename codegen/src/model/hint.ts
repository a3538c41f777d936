import type { JsonSchema } from "sshrpc/contract";
import type { Position } from "../base/problem.js";
import { ANY_KEY } from "./schema/keywords.js";
import { isSchemaObject } from "./schema/schema-walk.js";

/** The comment of a declaration or a property. */
export interface Doc {
  readonly description?: string;
  readonly deprecated?: boolean | string;
  readonly since?: string;
}

/** A schema that a module exports. The name of the export becomes the name of the type. */
export interface ExportedSchema {
  /** As written in the source. */
  readonly name: string;
  readonly value: object;
  readonly hint: Hint;
}

/** Identifies a value with its source between two runs. */
export interface Origin {
  /** The same object if the module that declares the value is the same, with everything that it imports. */
  readonly version: object;
  /** Where in the module the value is declared. */
  readonly offset: number;
}

/**
 * The source of one value of a schema. The value itself comes from the running module, where comments, positions and
 * some names are lost.
 */
export interface Hint {
  /** The position of the value, or of the nearest enclosing value whose position is known. */
  readonly at: Position;
  readonly doc: Doc;
  /** Set if the expression names an exported schema, possibly in a wrapper such as `Type.Optional(Note)`. */
  readonly exported: ExportedSchema | undefined;
  /** Values of one origin are the same, and so are the hints of their parts. Undefined where it is not known. */
  readonly origin?: Origin | undefined;
  /** The text of `T` in `Type.Unsafe<T>(...)`; undefined where generated code cannot have it. */
  readonly typeArgument?: string | undefined;
  /** The hint of the part at these keys: `child("GET")`, `child("properties", "id")`, `child("anyOf", 0)`. */
  child(...keys: readonly (string | number)[]): Hint;
}

/** A value of a schema, with its source and its path in messages. */
export class SchemaPart<Value = unknown> {
  readonly value: Value;
  readonly hint: Hint;
  /** Such as `resources.note.GET`; empty for the whole API. */
  readonly path: string;

  constructor(value: Value, hint: Hint, path: string) {
    this.value = value;
    this.hint = hint;
    this.path = path;
  }

  get at(): Position {
    return this.hint.at;
  }

  /** Whether the value is a plain object. */
  isObject(): this is SchemaPart<JsonSchema> {
    return isSchemaObject(this.value);
  }

  /** The property `key` of the value, which must be an object. */
  child(key: string): SchemaPart {
    const value = (this.value as Readonly<Record<string, unknown>>)[key];
    return new SchemaPart(value, this.hint.child(key), this.path === "" ? key : `${this.path}.${key}`);
  }

  /** The element `index` of the value, which must be an array. */
  item(index: number): SchemaPart {
    const value = (this.value as readonly unknown[])[index];
    return new SchemaPart(value, this.hint.child(index), `${this.path}[${index}]`);
  }

  /** The schema in `keyword` of this one, which must be an object: at a name or an index, or the only one. */
  subschema(keyword: string, key?: string | number): SchemaPart {
    const content = (this.value as Readonly<Record<string, unknown>>)[keyword];
    if (key === undefined) {
      const path = keyword === "items" ? `${this.path}[]` : `${this.path}.${keyword}`;
      return new SchemaPart(content, this.hint.child(keyword), path);
    }
    const value = (content as Readonly<Record<string | number, unknown>>)[key];
    return new SchemaPart(value, this.hint.child(keyword, key), this.path + pathOf(keyword, key));
  }
}

function pathOf(keyword: string, key: string | number): string {
  if (typeof key === "number") return keyword === "items" ? `[${key}]` : `.${keyword}[${key}]`;
  if (keyword === "properties") return `.${key}`;
  return `[${key === ANY_KEY ? "*" : JSON.stringify(key)}]`;
}

/** `Type.Optional(Note)` copies Note: it has the same parts but another identity. */
export function copied(value: JsonSchema, exported: ExportedSchema | undefined): ExportedSchema | undefined {
  if (exported === undefined) return undefined;
  const original = exported.value as JsonSchema;
  const keys = Object.keys(original);
  const same = keys.length === Object.keys(value).length && keys.every((key) => Object.is(original[key], value[key]));
  return same ? exported : undefined;
}
