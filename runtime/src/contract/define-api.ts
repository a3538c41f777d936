import type { Static, TSchema } from "typebox";
import type { Bytes } from "./bytes.js";
import type { ErrorStatus } from "./status.js";
import type { Verb } from "./verb.js";

/** The declaration of a method: one verb of a resource. It needs a `response`, a `responseStream`, or both. */
export interface MethodSchema {
  /** The one value that opens the call. Default: the empty object. */
  readonly request?: TSchema;
  /** The type of the items that the caller streams after the request, or {@link Bytes}. */
  readonly requestStream?: TSchema | Bytes;
  /** The one value that ends the call. */
  readonly response?: TSchema;
  /** The type of the items that the handler streams before the response, or {@link Bytes}. */
  readonly responseStream?: TSchema | Bytes;
  /** The details of the method's own errors, by status. */
  readonly errors?: { readonly [Status in ErrorStatus]?: TSchema };
  /** The scope that a caller needs, such as `notes:read`. Default: none. */
  readonly scope?: string;
  /** Whether repeating a call has no further effect. Default: true, but false for STORE. */
  readonly idempotent?: boolean;
  /**
   * What happens to a call with an idempotency key whose earlier try was stopped before its handler had ended: by its caller, its deadline,
   * or the end of the server, where the ledger outlives the process. `"run"` calls the handler again, which must then find out what of the
   * effect is done, as by `ctx.idempotencyKey`. Default: the call ends with INTERRUPTED, and is never run again.
   */
  readonly onInterrupt?: "run";
  /** Timeout in ms of a call whose caller sets none. Default: the option `timeout` of client and server, for unary calls only. */
  readonly timeout?: number;
  /** Documentation. A JSDoc comment on the verb has the same effect. */
  readonly description?: string;
  /** Marks the method as deprecated in generated code and in `help`; a string is the reason. */
  readonly deprecated?: boolean | string;
  /** The version of the API that introduced the method, such as `1.2.0`. Documentation. */
  readonly since?: string;
}

/** A resource: a named noun with a path, and its methods. */
export interface ResourceSchema {
  /** The path, such as `/notes/{id}`, where `{id}` is a field of every request. Default: `/` and the resource's name. */
  readonly path?: string;
  /** Documentation. A JSDoc comment on the resource has the same effect. */
  readonly description?: string;
  /** Marks the resource and its methods as deprecated in generated code and in `help`; a string is the reason. */
  readonly deprecated?: boolean | string;
  /** The version of the API that introduced the resource, such as `1.2.0`. Documentation. */
  readonly since?: string;
  /** The verbs of removed methods: `sshrpc gen` refuses a schema that declares one of them again. */
  readonly reserved?: readonly Verb[];
  /** Reads: repeating it has no effect. */
  readonly GET?: MethodSchema;
  /** Creates: the only verb that is not retried once the server may have started it. */
  readonly STORE?: MethodSchema;
  /** Changes: repeating it has no further effect. */
  readonly UPDATE?: MethodSchema;
  /** Removes: repeating it has no further effect. */
  readonly DELETE?: MethodSchema;
}

/** The schema of an API, as it is written in `schema/api.ts`. */
export interface ApiSchema {
  /** Names the generated client: `notes` gives `NotesClient`. */
  readonly name: string;
  /** The contract's own version, such as `1.0.0`. */
  readonly version: string;
  /** Documentation. */
  readonly description?: string;
  /** The resources by name; a generated client has a member for each. */
  readonly resources: { readonly [resource: string]: ResourceSchema };
  /** Resources that the connecting side may serve: the server calls them over the connection that the client opened. */
  readonly callbacks?: { readonly [resource: string]: ResourceSchema };
  /**
   * The names of removed resources and callbacks, or their paths, such as `/notes/{id}`: `sshrpc gen` refuses a schema that declares
   * one of them again.
   */
  readonly reserved?: readonly string[];
}

/** The names between braces in a path template. */
type Params<Path> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | Params<Rest> : never;

/** The fields of a method's request; none if it declares no request. */
type Fields<M> = M extends { readonly request: infer Request extends TSchema }
  ? Static<Request> extends infer Value
    ? Value extends unknown
      ? keyof Value
      : never
    : never
  : never;

/** `Param` if it is an optional field of the request, in any member of a union. */
type OptionalField<M, Param extends string> = M extends { readonly request: infer Request extends TSchema }
  ? Static<Request> extends infer Value
    ? Value extends unknown
      ? Param extends keyof Value
        ? Value extends Required<Pick<Value, Param>>
          ? never
          : Param
        : never
      : never
    : never
  : never;

/** The type of a mistake: no value has it, so the editor marks the location and shows the text. */
interface Mistake<Text> {
  readonly "~mistake": Text;
}

/** Rejects keys that `Allowed` does not have, which a type parameter's constraint alone accepts. */
type Known<Shape, Allowed, What extends string> = {
  readonly [Key in Exclude<keyof Shape, keyof Allowed>]: Mistake<`unknown ${What}: ${Key & string}`>;
};

/** Rejects values that TypeBox accepts as a schema: a string, or the mark of a stream. */
type CheckedValue<V> = V extends Bytes
  ? Mistake<"Bytes is a stream: use it for requestStream or responseStream">
  : V extends object
    ? unknown
    : Mistake<"not a schema: write Type.…">;

/** The same for a stream, which may also be {@link Bytes}. */
type CheckedStream<V> = V extends Bytes ? unknown : CheckedValue<V>;

type CheckedErrors<Errors> = { readonly [Status in keyof Errors]: CheckedValue<Errors[Status]> };

/** A value with a schema: an object other than {@link Bytes}. */
type Value = object & { readonly "~sshrpc"?: never };

/** The options of a method without a mistake in any of them. One comparison with it is cheaper than a check of each option. */
interface SoundOptions {
  readonly request?: Value;
  readonly response?: Value;
  readonly requestStream?: object;
  readonly responseStream?: object;
  readonly errors?: { readonly [status: string]: Value };
}

type SoundMethod = SoundOptions & ({ readonly response: unknown } | { readonly responseStream: unknown });

/** A method whose request is a `Type.Object` with a required field for each parameter. */
interface SoundParams<Param extends string> {
  readonly request: {
    readonly properties: { readonly [Name in Param]: object & { readonly "~optional"?: never } };
  };
}

type Sound<Param extends string> = [Param] extends [never] ? SoundMethod : SoundMethod & SoundParams<Param>;

type CheckedMethod<M, Param extends string> = [keyof M, M] extends [keyof MethodSchema, Sound<Param>]
  ? unknown
  : UnsoundMethod<M, Param>;

type UnsoundMethod<M, Param extends string> = CheckedOptions<M> &
  CheckedParams<M, Param> &
  (M extends { readonly response: unknown } | { readonly responseStream: unknown }
    ? unknown
    : { readonly response: Mistake<"a method needs a response, a responseStream, or both"> });

type CheckedOptions<M> = Known<M, MethodSchema, "option of a method"> & {
  readonly [Key in keyof M & ("request" | "response")]: CheckedValue<M[Key]>;
} & {
  readonly [Key in keyof M & ("requestStream" | "responseStream")]: CheckedStream<M[Key]>;
} & {
  readonly [Key in keyof M & "errors"]: CheckedErrors<M[Key]>;
};

type CheckedParams<M, Param extends string> = ([Exclude<Param, Fields<M>>] extends [never]
  ? unknown
  : {
      readonly request: Mistake<`{${Exclude<Param, Fields<M>> & string}} in the path needs a field of this request`>;
    }) &
  ([OptionalField<M, Param>] extends [never]
    ? unknown
    : {
        readonly request: Mistake<`{${OptionalField<M, Param>}} in the path needs a required field of this request, not an optional one`>;
      });

/** The parameters of a resource's path. */
type ParamsOf<R> = R extends { readonly path: infer Path } ? Params<Path> : never;

type CheckedResource<R> = ([keyof R] extends [keyof ResourceSchema]
  ? unknown
  : Known<R, ResourceSchema, "verb or option of a resource">) & {
  readonly [V in keyof R & Verb]: CheckedMethod<R[V], ParamsOf<R>>;
};

type CheckedResources<Resources> = { readonly [Name in keyof Resources]: CheckedResource<Resources[Name]> };

type CheckedApi<A> = Known<A, ApiSchema, "option of an API"> & {
  readonly [Key in keyof A & ("resources" | "callbacks")]: CheckedResources<A[Key]>;
};

/**
 * Declares an API, and returns its argument. Its types check the schema in the editor: verbs, options, values that are not
 * schemas, and each `{param}` of a path, which must be a required field of the request. `sshrpc gen` checks the same.
 *
 * @example
 * export default defineApi({
 *   name: "notes",
 *   version: "1.0.0",
 *   resources: {
 *     note: { path: "/notes/{id}", GET: { request: NoteRef, response: Note } },
 *   },
 * });
 */
export function defineApi<const A extends ApiSchema>(api: A & CheckedApi<A>): A {
  return api;
}

/**
 * Declares the resources of one file, checked like those of {@link defineApi}, for an API that is composed of several.
 *
 * @example
 * export const notes = defineResources({ notes: { GET: { response: Type.Array(Note) } } });
 */
export function defineResources<const R extends ApiSchema["resources"]>(resources: R & CheckedResources<R>): R {
  return resources;
}
