import { randomUUID } from "node:crypto";
import { errorMessage } from "../../base/error-message.js";
import type { Logger } from "../../base/log.js";
import type { Peer } from "../../base/peer.js";
import { checkDeclared } from "../../codec/check-declared.js";
import type { EncodedValue } from "../../codec/codec.js";
import { describeIssues, issuesOf } from "../../codec/issues.js";
import type { Method } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import { isErrorStatus } from "../../contract/status.js";
import { MAX_REASON } from "../../wire/hello.js";
import { checkSize } from "../../wire/limits.js";
import type { DispatchConfig } from "./call-context.js";
import type { CallPort } from "./call-port.js";

/** The call of an error, and the settings of its server. */
interface ErrorContext {
  readonly method: Method;
  readonly peer: Peer;
  readonly log: Logger;
  /** Why the call was aborted; undefined if it was not. */
  readonly abortReason: RpcError | undefined;
  readonly config: Pick<DispatchConfig, "exposeErrors" | "undeclaredProperties" | "failures">;
}

/**
 * The error that the caller gets for what a handler threw: an `RpcError` as it is, the reason of the abort for the `AbortError` of what
 * waits with `ctx.signal`, else INTERNAL with a reference to the log. It never throws, for any value: a handler must not be able to end the process.
 */
export function handlerError(error: unknown, context: ErrorContext): RpcError {
  try {
    if (error instanceof RpcError && isErrorStatus(error.status)) {
      if (error.status === "INTERNAL") logFailure(error, context);
      return checkDetails(error, context);
    }
    const { abortReason } = context;
    if (abortReason !== undefined && error instanceof Error && error.name === "AbortError") return abortReason;
  } catch (reason) {
    // A proxy whose traps throw, or details that are nested too deep to be validated.
    return internalError(reason, context);
  }
  return internalError(error, context);
}

/** Encodes an error, or the one in its place: its details may be too large, or a value that JSON cannot represent. It never throws. */
export function encodeFailure(
  failure: RpcError,
  { codec }: Pick<CallPort, "codec">,
  maxMessage: number,
  context: ErrorContext,
): { readonly error: RpcError; readonly body: EncodedValue } {
  try {
    const body = codec.encodeError(failure);
    checkSize(body, Math.max(maxMessage, MAX_REASON), `error (${failure.status})`);
    return { error: failure, body };
  } catch (reason) {
    const error = reason instanceof RpcError ? reason : internalError(reason, context);
    return { error, body: codec.encodeError(error) };
  }
}

/** INTERNAL with a reference under which the error is logged, if it has a line of its own. It never throws. */
export function internalError(error: unknown, { method, peer, log, config }: ErrorContext): RpcError {
  const reference = randomUUID().slice(0, 8);
  const hasLine = config.failures.admit(peer, `${method.id} ${kindOf(error)}`);
  if (hasLine) log.error({ err: error, reference }, "a handler failed");
  if (config.exposeErrors) {
    return new RpcError("INTERNAL", errorMessage(error), {
      details: { reference, stack: stackOf(error) },
      cause: error,
    });
  }
  if (!hasLine) {
    const message = "the handler failed; the server's log has the reasons of earlier failures of this key";
    return new RpcError("INTERNAL", message, { cause: error });
  }
  return new RpcError("INTERNAL", `the handler failed; the server's log has the reason under ${reference}`, {
    details: { reference },
    cause: error,
  });
}

/** A handler that throws INTERNAL has failed, too; its caller gets the text, and the log the stack. */
function logFailure(error: RpcError, { method, peer, log, config }: ErrorContext): void {
  if (config.failures.admit(peer, `${method.id} INTERNAL`)) log.error({ err: error }, "a handler failed");
}

/** What failures of one kind have in common. As for {@link stackOf}, anything can be thrown. */
function kindOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.name) : typeof error;
  } catch {
    return "unknown";
  }
}

/** The stack of an error. Anything can be thrown: also a value with getters that throw. */
function stackOf(error: unknown): string | undefined {
  try {
    return error instanceof Error ? error.stack : undefined;
  } catch {
    return undefined;
  }
}

/** Details of a declared status must match the schema, whose types the caller has; what it does not declare is not sent. */
function checkDetails(error: RpcError, context: ErrorContext): RpcError {
  const { status, details } = error;
  const validator = context.method.errors?.[status];
  if (validator === undefined) return error;
  try {
    if (!validator(details)) throw new Error(describeIssues(issuesOf(validator)));
    if (context.config.undeclaredProperties === "refuse") checkDeclared(details, validator);
    return validator.projection === undefined ? error : withDetails(error, validator.projection.pick(details));
  } catch (reason) {
    const message = `the details of ${status} do not match the contract: ${errorMessage(reason)}`;
    return internalError(new Error(message, { cause: error }), context);
  }
}

function withDetails(error: RpcError, details: unknown): RpcError {
  const { status, message, cause, method, code, stack } = error;
  const sent = new RpcError(status, message, { details, cause, method, code });
  if (stack !== undefined) sent.stack = stack;
  return sent;
}
