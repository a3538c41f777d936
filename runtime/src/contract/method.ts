import type { Contract } from "./contract.js";
import type { Kind } from "./kind.js";
import type { ParamType } from "./path.js";
import type { ErrorStatus } from "./status.js";
import type { Verb } from "./verb.js";

/** One error of a generated validator, in the format of ajv. */
export interface ValidationError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly message?: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Reduces values of one type to what its schema declares. Generated code builds it; it never changes a value. */
export interface Projection {
  /**
   * The declared parts of `value` as JSON text, with properties in the order of the schema; undefined for a function or a symbol.
   * @throws TypeError for a value that JSON or the schema cannot represent
   */
  write(value: unknown): string | undefined;
  /** The declared parts of `value`, as a copy; the value itself where the schema says nothing of its parts. */
  pick(value: unknown): unknown;
  /** Whether `JSON.stringify` is known to give the same text as {@link write}, without a look at every scalar. */
  isWhole(value: unknown): boolean;
}

/** A generated validator of one schema: returns true, or false with `errors` set until the next call. */
export interface Validator {
  (value: unknown): boolean;
  errors?: readonly ValidationError[] | null;
  /** What leaves the server of a value that the validator accepts; absent if that is all of it. */
  projection?: Projection;
}

/** A method at run time: its contract, bound to the generated validators. */
export interface Method {
  /** Verb and path, such as `GET /notes/{id}`: unique in a contract. */
  readonly id: string;
  /** The resource's name in generated code, such as `note`. */
  readonly resource: string;
  readonly verb: Verb;
  /** The resource's path template, such as `/notes/{id}`. */
  readonly path: string;
  readonly kind: Kind;
  /** The type of every `{param}` of the path. */
  readonly params: Readonly<Record<string, ParamType>>;
  readonly idempotent: boolean;
  /** Whether a call with an idempotency key is run again after it was stopped before its end. Absent: it ends with INTERRUPTED. */
  readonly onInterrupt?: "run";
  /** The scope that a caller needs; absent if every peer may call. */
  readonly scope?: string;
  /** True if the schema marks the method as deprecated; else absent. */
  readonly deprecated?: true;
  /** Timeout in ms of a call whose caller sets none. */
  readonly timeout?: number;
  /** Closed: unknown properties are rejected. */
  readonly request: Validator;
  /** Maximum bytes of the request as JSON, where its schema bounds them: checked before it is parsed. */
  readonly maxRequest?: number;
  /** The items of the request stream: a validator (closed), or raw bytes. Absent if there is no such stream. */
  readonly requestItem?: Validator | "bytes";
  /** The same as `maxRequest`, for each item of the request stream. */
  readonly maxRequestItem?: number;
  /** Open: unknown properties are accepted, for older clients of a newer server. Absent if a stream ends without it. */
  readonly response?: Validator;
  /** The items of the response stream: a validator (open), or raw bytes. Absent if there is no such stream. */
  readonly responseItem?: Validator | "bytes";
  /** The details of each declared status. */
  readonly errors?: Readonly<Partial<Record<ErrorStatus, Validator>>>;
}

/** The whole contract at run time. Generated code builds it; `connect` and `serve` take it. */
export interface Api {
  readonly name: string;
  readonly version: string;
  /** Identifies everything in the contract that affects calls, so not its descriptions. Empty without a contract. */
  readonly hash: string;
  readonly methods: readonly Method[];
  /** The methods that the connecting side may serve. Absent if the schema declares no callbacks. */
  readonly callbacks?: readonly Method[];
  /** Loads the contract as data, with its schemas and descriptions. */
  readonly contract?: () => Promise<Contract>;
}
