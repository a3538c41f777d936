import type { Position } from "../base/problem.js";

/** What a comment says of the thing below it. */
export interface Doc {
  readonly description?: string;
  readonly deprecated?: boolean | string;
}

/** A schema that a module exports: what gives a type its name. */
export interface ExportedSchema {
  /** As the source spells it. */
  readonly name: string;
  readonly value: object;
  readonly hint: Hint;
}

/**
 * What the source says of one value of a schema: the value comes from the running module, which has lost comments,
 * positions and some names.
 */
export interface Hint {
  /** The place itself, or the nearest one around it that is known. */
  readonly at: Position;
  readonly doc: Doc;
  /** Where the expression is the name of an exported schema, also inside a wrapper such as `Type.Optional(Note)`. */
  readonly exported: ExportedSchema | undefined;
  /**
   * The hint of a part, named by the keys that lead to it in the value: `child("GET")`, `child("properties", "id")`,
   * `child("anyOf", 0)`.
   */
  child(...keys: readonly (string | number)[]): Hint;
}
