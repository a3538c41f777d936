import type { Contract } from "./contract.js";
import type { Kind } from "./kind.js";
import type { ParamType } from "./path.js";
import type { ErrorStatus } from "./status.js";
import type { Verb } from "./verb.js";

/** A validator's complaint, in the form in which generated validators leave it. */
export interface ValidationError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly message?: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A generated check of one schema: true, or false with the complaints in `errors` until the next call. */
export interface Validator {
  (value: unknown): boolean;
  errors?: readonly ValidationError[] | null;
}

/** One verb of one resource, as both runtimes need it: what the contract says, bound to the generated validators. */
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
  /** What a caller must hold; absent where everybody who may connect may call. */
  readonly scope?: string;
  /** How long a call may take, in milliseconds, where its caller does not say. */
  readonly timeout?: number;
  /** Closed: an unknown property is refused. */
  readonly request: Validator;
  /** Of the items that the caller streams: a validator (closed), or raw bytes. Absent where it streams none. */
  readonly requestItem?: Validator | "bytes";
  /** Open: an unknown property passes, so that an older client meets a newer server. Absent where a stream ends without. */
  readonly response?: Validator;
  /** Of the items that the handler streams: a validator (open), or raw bytes. Absent where it streams none. */
  readonly responseItem?: Validator | "bytes";
  /** The details that each declared status carries. */
  readonly errors?: Readonly<Partial<Record<ErrorStatus, Validator>>>;
}

/** The whole contract at run time. Generated code builds it; `connect` and `serve` take it. */
export interface Api {
  readonly name: string;
  readonly version: string;
  /** Identifies everything in the contract that a call can notice (not its descriptions). Empty: no contract is known. */
  readonly hash: string;
  readonly methods: readonly Method[];
  /** What the connecting side may serve. Absent where the schema declares none. */
  readonly callbacks?: readonly Method[];
  /** Loads the contract as data, with its schemas and descriptions, when somebody asks for them. */
  readonly contract?: () => Promise<Contract>;
}
