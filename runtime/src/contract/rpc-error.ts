import { type ErrorStatus, errorStatus, isErrorStatus, STATUSES, statusPhrase } from "./status.js";

/** Options of an {@link RpcError}. */
interface RpcErrorOptions<Details = unknown> {
  /** Typed by the schema if the method declares this status; {@link BadRequestDetails} for `BAD_REQUEST`. */
  readonly details?: Details;
  /** The id of the method that was called, such as `GET /notes/{id}`. */
  readonly method?: string | undefined;
  /** The cause. It is never sent to the peer. */
  readonly cause?: unknown;
  /**
   * A number from 400 to 599 that has no name here, such as 418 with the status `BAD_REQUEST`, or 507 with `INTERNAL`.
   * Default, also for any other number: the number of the status.
   */
  readonly code?: number | undefined;
}

/** What {@link RpcError.toJSON} returns: the line that `ssh` prints for a failed call. */
export interface RpcErrorJson<Status extends ErrorStatus = ErrorStatus, Details = unknown> {
  readonly status: Status;
  readonly code: number;
  readonly method?: string | undefined;
  readonly message: string;
  readonly details?: Details;
}

const BRAND = Symbol.for("sshrpc.RpcError");

/**
 * The error of a failed call: a status, a message for people, and details for programs. All three are sent to the peer. It
 * prints as `NOT_FOUND: GET /notes/{id}: no such note`.
 *
 * A handler throws one to choose the status of its call; anything else it throws becomes `INTERNAL`.
 */
export class RpcError<Status extends ErrorStatus = ErrorStatus, Details = unknown> extends Error {
  /**
   * Checks a brand, so that `instanceof` works across two copies of this package in one process. Subclasses use the check of
   * every other class: not every RpcError is an instance of them.
   */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: a class that extends this one inherits the method, and is `this` then.
    if (this !== RpcError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === "object" && value !== null && BRAND in value;
  }

  /** The outcome's name, such as `NOT_FOUND`. */
  readonly status: Status;
  /** The outcome's HTTP number, such as 404. If the peer sent a number without a name, that number. */
  readonly code: number;
  /** Typed by the declaration of the status in the schema; `undefined` if the error has none. */
  readonly details: Details;
  /** The id of the method that was called, if it is known. */
  readonly method: string | undefined;

  constructor(status: Status, message: string = statusPhrase(status), options: RpcErrorOptions<Details> = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = status;
    this.code = isUnnamed(options.code, status) ? options.code : STATUSES[status];
    this.details = options.details as Details;
    this.method = options.method;
    Object.defineProperty(this, BRAND, { value: true });
    Object.defineProperty(this, "name", { value: "RpcError", configurable: true });
    const frames = /\n {4}at .*$/s.exec(this.stack ?? "")?.[0] ?? "";
    Object.defineProperty(this, "stack", { value: `${this}${frames}`, writable: true, configurable: true });
  }

  /**
   * Restores an error from what {@link toJSON} returned, or from its JSON. `structuredClone`, and with it a message to a worker
   * thread, keeps only message, stack and cause of any error: send `error.toJSON()`. An unknown status becomes the one of `code`.
   */
  static fromJSON<Status extends ErrorStatus, Details>({
    status,
    message,
    ...options
  }: RpcErrorJson<Status, Details>): RpcError<Status, Details> {
    const known = isErrorStatus(status) ? status : (errorStatus(options.code) as Status);
    return new RpcError(known, message, options);
  }

  /** The fields of this error without stack and cause, for `JSON.stringify` and for messages to worker threads. */
  toJSON(): RpcErrorJson<Status, Details> {
    const { status, code, method, message, details } = this;
    return { status, code, method, message, details };
  }

  override toString(): string {
    return [this.status, this.method, this.message].filter(Boolean).join(": ");
  }
}

/** Whether a receiver with this table of names reads `code` as `status`. */
function isUnnamed(code: number | undefined, status: ErrorStatus): code is number {
  return (
    Number.isInteger(code) &&
    (code as number) >= 400 &&
    (code as number) < 600 &&
    errorStatus(code as number) === status
  );
}

/** One reason why a value does not match its schema. */
export interface Issue {
  /** Where in the value, as a JSON pointer (RFC 6901); empty for the whole value. */
  readonly path: string;
  /** The schema keyword that failed, such as `required` or `minLength`. */
  readonly keyword: string;
  /** What is wrong, for people. */
  readonly message: string;
}

/** The details of a `BAD_REQUEST` that validation raised. */
export interface BadRequestDetails {
  /** At most ten, in the order of detection. */
  readonly issues: readonly Issue[];
}

/** The errors of a method that declares none of its own. */
export type AnyRpcError =
  | RpcError<"BAD_REQUEST", BadRequestDetails>
  | RpcError<Exclude<ErrorStatus, "BAD_REQUEST">, unknown>;
