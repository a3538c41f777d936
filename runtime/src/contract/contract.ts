import type { Kind } from "./kind.js";
import type { ErrorStatus } from "./status.js";
import type { Verb } from "./verb.js";

/**
 * A JSON Schema (2019-09) of the contract. A named type is a reference: `{ "$ref": "#/types/Note" }`. Beside the keywords of JSON Schema, an
 * object may have `reserved`, the names of removed properties.
 */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** A stream of JSON items, or of raw bytes. */
export type StreamContract = JsonSchema | "bytes";

/** The declaration of a method, as plain JSON. */
export interface MethodContract {
  readonly kind: Kind;
  readonly description?: string;
  /** Also set for each method of a deprecated resource; a string is the reason. */
  readonly deprecated?: boolean | string;
  /** The version of the API that introduced the method; without it, that of its resource. */
  readonly since?: string;
  readonly idempotent: boolean;
  /** Whether a call with an idempotency key is run again after it was stopped before its end. */
  readonly onInterrupt?: "run";
  readonly scope?: string;
  /** In milliseconds. */
  readonly timeout?: number;
  readonly request: JsonSchema;
  readonly requestStream?: StreamContract;
  /** Absent if a stream ends without a response. */
  readonly response?: JsonSchema;
  readonly responseStream?: StreamContract;
  readonly errors?: Readonly<Partial<Record<ErrorStatus, JsonSchema>>>;
}

/** A resource: a named noun with a path, and its methods. */
export interface ResourceContract {
  readonly path: string;
  readonly description?: string;
  /** A string is the reason. */
  readonly deprecated?: boolean | string;
  /** The version of the API that introduced the resource. */
  readonly since?: string;
  /** The verbs of removed methods, which must not be declared again. */
  readonly reserved?: readonly Verb[];
  readonly methods: Readonly<Partial<Record<Verb, MethodContract>>>;
}

/** Everything that a schema declares, as plain JSON: the content of `generated/api.json`. */
export interface Contract {
  /** The version of this format. */
  readonly sshrpc: 1;
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  /** The names and paths of removed resources and callbacks, which must not be declared again. */
  readonly reserved?: readonly string[];
  /** SHA-256, in hex, over everything in the contract that affects calls. */
  readonly hash: string;
  /** The exported schemas, by name. */
  readonly types: Readonly<Record<string, JsonSchema>>;
  /** By their names in generated code. */
  readonly resources: Readonly<Record<string, ResourceContract>>;
  /** The resources that the connecting side may serve, in the same form. */
  readonly callbacks: Readonly<Record<string, ResourceContract>>;
}
