import { randomUUID } from "node:crypto";
import { describeIssues, issuesOf } from "../codec/issues.js";
import type { Method } from "../contract/method.js";
import { RpcError } from "../contract/rpc-error.js";
import { isErrorStatus } from "../contract/status.js";
import type { Logger } from "../log.js";

/** Of which call an error is told, and how much of it. */
export interface FailureSetting {
  readonly method: Method;
  readonly log: Logger;
  /** Whether the caller sees what an undeclared error says, with its stack. */
  readonly exposeErrors: boolean;
}

/** What the caller is told of what a handler threw: what was meant for it, or a reference to the log. */
export function failureOf(error: unknown, setting: FailureSetting): RpcError {
  if (error instanceof RpcError && isErrorStatus(error.status)) return declared(error, setting);
  return internal(error, setting);
}

/** INTERNAL with a reference, under which the log has the error. */
export function internal(error: unknown, { log, exposeErrors }: FailureSetting): RpcError {
  const reference = randomUUID().slice(0, 8);
  log.error({ err: error, reference }, "a handler failed");
  const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
  if (exposeErrors) return new RpcError("INTERNAL", message, { details: { reference, stack } });
  return new RpcError("INTERNAL", `the handler failed; the server's log says why, under ${reference}`, {
    details: { reference },
  });
}

/** Details of a declared status must be what the schema says: the caller's types rely on it. */
function declared(error: RpcError, setting: FailureSetting): RpcError {
  const validator = setting.method.errors?.[error.status];
  if (validator === undefined || validator(error.details)) return error;
  const issues = describeIssues(issuesOf(validator));
  const what = `the details of ${error.status} do not fit the contract: ${issues}`;
  return internal(new Error(what, { cause: error }), setting);
}
