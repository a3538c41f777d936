import { randomUUID } from "node:crypto";
import type { Logger } from "../../base/log.js";
import { describeIssues, issuesOf } from "../../codec/issues.js";
import type { Method } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import { isErrorStatus } from "../../contract/status.js";

/** Of which call an error is told, and how much of it. */
export interface FailureConfig {
  readonly method: Method;
  readonly log: Logger;
  /** Whether the caller sees what an undeclared error says, with its stack. */
  readonly exposeErrors: boolean;
}

/**
 * What the caller is told of what a handler threw: what was meant for it, or a reference to the log. It never throws,
 * whatever was thrown: a handler must not be able to end the process.
 */
export function failureOf(error: unknown, config: FailureConfig): RpcError {
  try {
    if (error instanceof RpcError && isErrorStatus(error.status)) return declared(error, config);
  } catch (reason) {
    // A proxy with traps of its own, or details that are nested too deep to be checked.
    return internal(reason, config);
  }
  return internal(error, config);
}

/** INTERNAL with a reference, under which the log has the error. It never throws. */
export function internal(error: unknown, { log, exposeErrors }: FailureConfig): RpcError {
  const reference = randomUUID().slice(0, 8);
  const { message, stack } = textOf(error);
  try {
    log.error({ err: error, reference }, "a handler failed");
  } catch {
    log.error({ reason: message, reference }, "a handler failed");
  }
  if (exposeErrors) return new RpcError("INTERNAL", message, { details: { reference, stack } });
  return new RpcError("INTERNAL", `the handler failed; the server's log says why, under ${reference}`, {
    details: { reference },
  });
}

/** What an error says for itself. Anything can be thrown, also what has no text, or getters that throw. */
function textOf(error: unknown): { readonly message: string; readonly stack?: string | undefined } {
  try {
    return error instanceof Error ? { message: String(error.message), stack: error.stack } : { message: String(error) };
  } catch {
    return { message: "what was thrown has no text" };
  }
}

/** Details of a declared status must be what the schema says: the caller's types rely on it. */
function declared(error: RpcError, config: FailureConfig): RpcError {
  const validator = config.method.errors?.[error.status];
  if (validator === undefined || validator(error.details)) return error;
  const issues = describeIssues(issuesOf(validator));
  const what = `the details of ${error.status} do not fit the contract: ${issues}`;
  return internal(new Error(what, { cause: error }), config);
}
