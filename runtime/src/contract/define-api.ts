import type { Static, TSchema } from "typebox";
import type { Bytes } from "./bytes.js";
import type { ErrorStatus } from "./status.js";
import type { Verb } from "./verb.js";

/** What one verb of a resource declares. It needs a `response`, a `responseStream`, or both. */
export interface MethodSchema {
  /** The one value that opens the call. Default: the empty object. */
  readonly request?: TSchema;
  /** The type of the items that the caller streams after it, or {@link Bytes}. */
  readonly requestStream?: TSchema | Bytes;
  /** The one value that ends the call. */
  readonly response?: TSchema;
  /** The type of the items that the handler streams before it, or {@link Bytes}. */
  readonly responseStream?: TSchema | Bytes;
  /** The details that the method's own errors carry, by status. */
  readonly errors?: { readonly [Status in ErrorStatus]?: TSchema };
  /** What a caller must hold, such as `notes:read`. Default: nothing. */
  readonly scope?: string;
  /** Whether a second, equal call changes nothing. Default: what the verb says (STORE is not, the others are). */
  readonly idempotent?: boolean;
  /** How long a call may take, in milliseconds, where its caller does not say. Default: the runtime's. */
  readonly timeout?: number;
  /** For people. A JSDoc comment on the verb does the same. */
  readonly description?: string;
  /** Marks the method in generated code, with the reason where it is a text. */
  readonly deprecated?: boolean | string;
}

/** A named noun with a path, and what it answers. */
export interface ResourceSchema {
  /** Such as `/notes/{id}`, where `{id}` is a field of every request. Default: `/` and the resource's name. */
  readonly path?: string;
  /** For people. A JSDoc comment on the resource does the same. */
  readonly description?: string;
  readonly GET?: MethodSchema;
  readonly STORE?: MethodSchema;
  readonly UPDATE?: MethodSchema;
  readonly DELETE?: MethodSchema;
}

/** Everything that can be called, in the form in which one writes it. */
export interface ApiSchema {
  /** Names the generated client: `notes` gives `NotesClient`. */
  readonly name: string;
  /** The contract's own version, such as `1.0.0`. */
  readonly version: string;
  /** For people. */
  readonly description?: string;
  readonly resources: { readonly [resource: string]: ResourceSchema };
  /** What the connecting side may serve: the server calls it over the connection that the client dialled. */
  readonly callbacks?: { readonly [resource: string]: ResourceSchema };
}

/** The names between braces in a path template. */
type Params<Path> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | Params<Rest> : never;

/** The fields of a method's request; none where it declares none. */
type Fields<M> = M extends { readonly request: infer Request extends TSchema }
  ? Static<Request> extends infer Value
    ? Value extends unknown
      ? keyof Value
      : never
    : never
  : never;

/** `Param` where the request has it and may leave it out, in any member of a union. */
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

/** The type of a mistake: nothing has it, so the editor marks the place and shows the text. */
interface Mistake<Text> {
  readonly "~mistake": Text;
}

/** Refuses keys that `Allowed` does not have, which a type parameter's constraint alone lets pass. */
type Known<Shape, Allowed, What extends string> = {
  readonly [Key in Exclude<keyof Shape, keyof Allowed>]: Mistake<`${Key & string} is no ${What}`>;
};

/** TypeBox lets any value stand for a schema, also a text, or the mark of a stream. */
type CheckedValue<V> = V extends Bytes
  ? Mistake<"Bytes is a stream: requestStream or responseStream">
  : V extends object
    ? unknown
    : Mistake<"this is no schema: write Type.…">;

/** The same for a stream, which may also be {@link Bytes}. */
type CheckedStream<V> = V extends Bytes ? unknown : CheckedValue<V>;

type CheckedErrors<Errors> = { readonly [Status in keyof Errors]: CheckedValue<Errors[Status]> };

type CheckedMethod<M, Path> = Known<M, MethodSchema, "option of a method"> & {
  readonly [Key in keyof M & ("request" | "response")]: CheckedValue<M[Key]>;
} & {
  readonly [Key in keyof M & ("requestStream" | "responseStream")]: CheckedStream<M[Key]>;
} & {
  readonly [Key in keyof M & "errors"]: CheckedErrors<M[Key]>;
} & ([Exclude<Params<Path>, Fields<M>>] extends [never]
    ? unknown
    : {
        readonly request: Mistake<`{${Exclude<Params<Path>, Fields<M>> & string}} of the path is no field of this request`>;
      }) &
  ([OptionalField<M, Params<Path>>] extends [never]
    ? unknown
    : {
        readonly request: Mistake<`{${OptionalField<M, Params<Path>>}} of the path is an optional field of this request: require it`>;
      }) &
  (M extends { readonly response: unknown } | { readonly responseStream: unknown }
    ? unknown
    : { readonly response: Mistake<"a method needs a response, a responseStream, or both"> });

type CheckedResource<R> = Known<R, ResourceSchema, "verb or option of a resource"> & {
  readonly [V in keyof R & Verb]: CheckedMethod<R[V], R extends { readonly path: infer Path } ? Path : "">;
};

type CheckedResources<Resources> = { readonly [Name in keyof Resources]: CheckedResource<Resources[Name]> };

type CheckedApi<A> = Known<A, ApiSchema, "option of an API"> & {
  readonly [Key in keyof A & ("resources" | "callbacks")]: CheckedResources<A[Key]>;
};

/**
 * Declares an API. It returns its argument; its work is done by its types, which refuse in the editor a wrong verb, an
 * unknown option, what is no schema, and a `{param}` of a path that is no required field of the request. `sshrpc gen` refuses the same again.
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
