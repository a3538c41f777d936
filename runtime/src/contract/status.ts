/**
 * The statuses of a call: the name used in code, and the HTTP number used on the wire. The comments say when to use each.
 */
export const STATUSES = {
  /** The call succeeded. */
  OK: 200,
  /** The request does not match the schema. Retrying it unchanged cannot succeed. */
  BAD_REQUEST: 400,
  /** The caller is not authenticated. */
  UNAUTHENTICATED: 401,
  /** The caller is authenticated but not authorized: it lacks the method's scope, or the handler rejects it. */
  FORBIDDEN: 403,
  /** The contract has no such resource, or the handler finds no such object. */
  NOT_FOUND: 404,
  /** The resource has no method for this verb. */
  METHOD_NOT_ALLOWED: 405,
  /** The state of the object conflicts with the request: it already exists, or it was changed concurrently. */
  CONFLICT: 409,
  /** A condition of the request is not met. */
  PRECONDITION_FAILED: 412,
  /** A message is larger than the limit of the side that rejects it. */
  MESSAGE_TOO_LARGE: 413,
  /** A quota or a limit on calls is exhausted. A later retry may succeed. */
  RESOURCE_EXHAUSTED: 429,
  /** The caller cancelled the call. */
  CANCELLED: 499,
  /** The handler failed with an undeclared error. The server's log has the cause. */
  INTERNAL: 500,
  /** The server has no such method, because its contract is of another version, or does not support the feature. */
  UNIMPLEMENTED: 501,
  /** No connection, or the server accepts no calls now. A retry may succeed. */
  UNAVAILABLE: 503,
  /** The deadline passed before the call ended. */
  DEADLINE_EXCEEDED: 504,
  /** A call with this idempotency key was stopped before its handler had ended: it may have had its effect. It is not run again. */
  INTERRUPTED: 520,
} as const;

/** The name of a status, such as `NOT_FOUND`. */
export type StatusName = keyof typeof STATUSES;

/** The name of a status other than `OK`. */
export type ErrorStatus = Exclude<StatusName, "OK">;

/** The HTTP number of a status, such as 404. */
export type StatusCode = (typeof STATUSES)[StatusName];

const NAMES = new Map<number, StatusName>(
  Object.entries(STATUSES).map(([name, code]) => [code, name as StatusName] as const),
);

/** The status of an error's HTTP number. A number without a name is treated as the first of its class (RFC 9110, section 15). */
export function errorStatus(code: number): ErrorStatus {
  const name = NAMES.get(code);
  if (name !== undefined && name !== "OK") return name;
  return code >= 400 && code < 500 ? "BAD_REQUEST" : "INTERNAL";
}

/** Whether `text` is the name of a status other than `OK`. */
export function isErrorStatus(text: string): text is ErrorStatus {
  return text !== "OK" && Object.hasOwn(STATUSES, text);
}

/** The statuses that only handlers return, so their details always match the schema. */
const OF_HANDLERS: readonly StatusName[] = ["NOT_FOUND", "CONFLICT", "PRECONDITION_FAILED"];

/** Whether the runtime itself may return this status, without the details that the schema declares for it. */
export function isRuntimeStatus(status: ErrorStatus): boolean {
  return !OF_HANDLERS.includes(status);
}

/** The default message of a status: "not found" for `NOT_FOUND`. */
export function statusPhrase(status: StatusName): string {
  return status.toLowerCase().replaceAll("_", " ");
}
