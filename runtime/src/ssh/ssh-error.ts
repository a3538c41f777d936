/** What went wrong, for programs. The names follow HTTP statuses, so that any protocol above SSH can translate them. */
export type SshErrorKind =
  | "unavailable"
  | "unauthenticated"
  | "cancelled"
  | "bad-request"
  | "not-found"
  | "forbidden"
  | "conflict"
  | "too-large"
  | "exhausted"
  | "unimplemented";

/** An SSH connection, command or copy that failed. */
export class SshError extends Error {
  readonly kind: SshErrorKind;

  constructor(kind: SshErrorKind, message: string, { cause }: { readonly cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    Object.defineProperty(this, "name", { value: "SshError", configurable: true });
  }
}

/** The error of an operation that a signal has aborted. */
export function cancelled(cause: unknown): SshError {
  return new SshError("cancelled", "the operation was cancelled", { cause });
}
