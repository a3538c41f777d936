import type { ErrorStatus, JsonSchema, Kind, ParamType, Verb } from "sshrpc/contract";

/** A type with a name of its own: an exported schema, or the root of a recursive one. */
export interface NamedType {
  /** In generated code, such as `Note`. */
  readonly name: string;
  /** As in the contract: other named types are `{ "$ref": "#/types/Name" }`. */
  readonly schema: JsonSchema;
}

/** Where a method uses a type. */
export interface TypeUse {
  /** As in the contract: a reference to a named type, or a schema of its own. */
  readonly schema: JsonSchema;
  /** What the type is called where it needs a name and has none: `HelloGetRequest`. Clashes with no other name. */
  readonly name: string;
}

/** The details of one declared status. */
export interface ErrorUse extends TypeUse {
  readonly status: ErrorStatus;
}

/** A stream of items of a type, or of raw bytes. */
export type StreamUse = TypeUse | "bytes";

/** One verb of one resource. */
export interface MethodModel {
  /** Such as `GET /notes/{id}`. */
  readonly id: string;
  readonly verb: Verb;
  /** The name in generated code: `get`. */
  readonly name: string;
  /** What the method's own types are called after: `NoteGet`. */
  readonly typeName: string;
  readonly kind: Kind;
  readonly description?: string;
  readonly deprecated?: boolean | string;
  readonly idempotent: boolean;
  readonly scope?: string;
  /** In milliseconds. */
  readonly timeout?: number;
  readonly params: Readonly<Record<string, ParamType>>;
  readonly request: TypeUse;
  /** Whether a caller may leave the request out. */
  readonly requestOptional: boolean;
  readonly requestStream?: StreamUse;
  readonly response?: TypeUse;
  readonly responseStream?: StreamUse;
  readonly errors: readonly ErrorUse[];
}

/** A named noun with a path. */
export interface ResourceModel {
  /** The name in generated code: `note`. */
  readonly name: string;
  /** What its own types are called after: `Note`. */
  readonly typeName: string;
  readonly path: string;
  readonly description?: string;
  readonly methods: readonly MethodModel[];
}

/** Everything that a schema declares, checked, with every name that generated code needs. Emitters read nothing else. */
export interface ApiModel {
  readonly name: string;
  /** What the API's own types are called after: `Notes`. */
  readonly typeName: string;
  readonly version: string;
  readonly description?: string;
  /** Sorted by name. */
  readonly types: readonly NamedType[];
  readonly resources: readonly ResourceModel[];
  readonly callbacks: readonly ResourceModel[];
}

/** Every method of an API: what the server serves, then what clients may serve. */
export function allMethods({ resources, callbacks }: ApiModel): readonly MethodModel[] {
  return [...resources, ...callbacks].flatMap(({ methods }) => methods);
}
