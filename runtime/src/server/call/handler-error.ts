import { randomUUID } from "node:crypto";
import { errorMessage } from "../../base/error-message.js";
import type { Logger } from "../../base/log.js";
import { describeIssues, issuesOf } from "../../codec/issues.js";
import type { Method } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import { isErrorStatus } from "../../contract/status.js";

/** The call of an error, and how much of the error its caller sees. */
interface ErrorContext {
  readonly method: Method;
  readonly log: Logger;
  /** Whether the caller sees the message and stack of undeclared errors. */
  readonly exposeErrors: boolean;
}

/**
 * The error that the caller gets for what a handler threw: an `RpcError` as it is, else INTERNAL with a reference to the
 * log. It never throws, for any value: a handler must not be able to end the process.
 */
export function handlerError(error: unknown, context: ErrorContext): RpcError {
  try {
    if (error instanceof RpcError && isErrorStatus(error.status)) return checkDetails(error, context);
  } catch (reason) {
    // A proxy whose traps throw, or details that are nested too deep to be validated.
    return internalError(reason, context);
  }
  return internalError(error, context);
}

/** INTERNAL with a reference under which the error is logged. It never throws. */
export function internalError(error: unknown, { log, exposeErrors }: ErrorContext): RpcError {
  const reference = randomUUID().slice(0, 8);
  log.error({ err: error, reference }, "a handler failed");
  if (exposeErrors) {
    return new RpcError("INTERNAL", errorMessage(error), {
      details: { reference, stack: stackOf(error) },
      cause: error,
    });
  }
  return new RpcError("INTERNAL", `the handler failed; the server's log has the reason under ${reference}`, {
    details: { reference },
    cause: error,
  });
}

/** The stack of an error. Anything can be thrown: also a value with getters that throw. */
function stackOf(error: unknown): string | undefined {
  try {
    return error instanceof Error ? error.stack : undefined;
  } catch {
    return undefined;
  }
}

/** Details of a declared status must match the schema: the caller's types promise them. */
function checkDetails(error: RpcError, context: ErrorContext): RpcError {
  const validator = context.method.errors?.[error.status];
  if (validator === undefined || validator(error.details)) return error;
  const issues = describeIssues(issuesOf(validator));
  const message = `the details of ${error.status} do not match the contract: ${issues}`;
  return internalError(new Error(message, { cause: error }), context);
}
