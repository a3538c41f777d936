/**
 * Every outcome a call can have: the name used in code, and the HTTP number used on the wire.
 * The comments say which one to choose.
 */
export const STATUSES = {
  /** The call did what was asked. */
  OK: 200,
  /** The request does not fit the contract. Sending it again unchanged cannot help. */
  BAD_REQUEST: 400,
  /** Nobody proved who is calling. */
  UNAUTHENTICATED: 401,
  /** The peer is known, and may not do this: it lacks the method's scope, or the handler refused. */
  FORBIDDEN: 403,
  /** The contract has no such resource, or the handler knows no such thing. */
  NOT_FOUND: 404,
  /** The resource exists, and does not answer this verb. */
  METHOD_NOT_ALLOWED: 405,
  /** The state of the thing forbids this now: it exists already, or somebody else changed it. */
  CONFLICT: 409,
  /** A condition that the request names does not hold. */
  PRECONDITION_FAILED: 412,
  /** A message is larger than the limit of the side that refused it. */
  MESSAGE_TOO_LARGE: 413,
  /** A quota or a limit on calls is used up. Later it may pass. */
  RESOURCE_EXHAUSTED: 429,
  /** The caller stopped the call. */
  CANCELLED: 499,
  /** The handler failed in a way that nobody declared. The server's log has the cause. */
  INTERNAL: 500,
  /** The server knows the method and cannot carry it out. */
  UNIMPLEMENTED: 501,
  /** There is no connection, or the server takes no calls now. A retry may help. */
  UNAVAILABLE: 503,
  /** The deadline passed before the call had its status. */
  DEADLINE_EXCEEDED: 504,
} as const;

/** The name of an outcome, such as `NOT_FOUND`. */
export type StatusName = keyof typeof STATUSES;

/** The name of an outcome that is a failure: every one but `OK`. */
export type ErrorStatus = Exclude<StatusName, "OK">;

/** The HTTP number of an outcome, such as 404. */
export type StatusCode = (typeof STATUSES)[StatusName];

const NAMES = new Map<number, StatusName>(
  Object.entries(STATUSES).map(([name, code]) => [code, name as StatusName] as const),
);

/** The name that belongs to `code`, or undefined where no status has it. */
export function statusName(code: number): StatusName | undefined {
  return NAMES.get(code);
}

/** Whether `text` names a failure. */
export function isErrorStatus(text: string): text is ErrorStatus {
  return text !== "OK" && Object.hasOwn(STATUSES, text);
}

/** What nobody but a method's own handler answers, so that its details are always those of the schema. */
const OF_HANDLERS: readonly StatusName[] = ["NOT_FOUND", "CONFLICT", "PRECONDITION_FAILED"];

/** Whether the runtime may answer a method with this status, too, without the details that the schema declares for it. */
export function isAlsoOfRuntime(status: ErrorStatus): boolean {
  return !OF_HANDLERS.includes(status);
}

/** What a status says for itself where nobody wrote a message: `NOT_FOUND` reads "not found". */
export function statusPhrase(status: StatusName): string {
  return status.toLowerCase().replaceAll("_", " ");
}
