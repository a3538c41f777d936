import type { ErrorStatus, JsonSchema, Kind, ParamType, Verb } from "sshrpc/contract";
import type { Position } from "../base/problem.js";

/** Where the schema declares a type. */
interface TypeOrigin {
  readonly at: Position;
  /** Where it declares the properties of an object. */
  readonly fields: Readonly<Record<string, Position>>;
}

/** A type with a name: an exported schema, or the root of a recursive one. */
export interface NamedType extends TypeOrigin {
  /** In Pascal case, such as `Note`. */
  readonly name: string;
  /** As in the contract: other named types are `{ "$ref": "#/types/Name" }`. */
  readonly schema: JsonSchema;
}

/** Where a method uses a type. */
export interface TypeUse extends TypeOrigin {
  /** As in the contract: a reference to a named type, or an inline schema. */
  readonly schema: JsonSchema;
  /** A unique name for targets that must name an inline schema: `HelloGetRequest`. */
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
  readonly at: Position;
  readonly verb: Verb;
  /** The prefix of the names of the method's types: `NoteGet`. */
  readonly typeName: string;
  readonly kind: Kind;
  readonly description?: string;
  readonly deprecated?: boolean | string;
  readonly since?: string;
  readonly idempotent: boolean;
  readonly onInterrupt?: "run";
  readonly scope?: string;
  /** In milliseconds. */
  readonly timeout?: number;
  readonly params: Readonly<Record<string, ParamType>>;
  readonly request: TypeUse;
  /** Whether a caller can omit the request. */
  readonly requestOptional: boolean;
  readonly requestStream?: StreamUse;
  readonly response?: TypeUse;
  readonly responseStream?: StreamUse;
  readonly errors: readonly ErrorUse[];
}

/** A named noun with a path. */
export interface ResourceModel {
  /** In camel case, such as `note`. */
  readonly name: string;
  /** Where the schema declares it, such as `resources.note`. */
  readonly declaredAs: string;
  readonly at: Position;
  /** The prefix of the names of the resource's types: `Note`. */
  readonly typeName: string;
  readonly path: string;
  readonly description?: string;
  readonly deprecated?: boolean | string;
  readonly since?: string;
  /** The verbs of removed methods. */
  readonly reserved: readonly Verb[];
  readonly methods: readonly MethodModel[];
}

/** What only the linter needs. */
interface ModelDetails {
  /** Where the properties of objects are declared, by the value of `properties`. */
  readonly fields: ReadonlyMap<object, Readonly<Record<string, Position>>>;
  /** Exported types that no method uses, directly or in another type. */
  readonly unused: readonly { readonly name: string; readonly at: Position }[];
}

/** Everything that a schema declares, validated. Emitters read only this. */
export interface ApiModel {
  readonly name: string;
  readonly at: Position;
  /** The prefix of the names of the API's types: `Notes`. */
  readonly typeName: string;
  readonly version: string;
  readonly description?: string;
  /** The names and paths of removed resources and callbacks. */
  readonly reserved: readonly string[];
  /** Sorted by name. */
  readonly types: readonly NamedType[];
  readonly resources: readonly ResourceModel[];
  readonly callbacks: readonly ResourceModel[];
  /** Absent unless they were asked for. */
  readonly details?: ModelDetails;
}

/** Every method of an API: those of resources, then those of callbacks. */
export function allMethods({ resources, callbacks }: ApiModel): readonly MethodModel[] {
  return [...resources, ...callbacks].flatMap(({ methods }) => methods);
}
