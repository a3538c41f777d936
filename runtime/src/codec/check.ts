import type { Validator } from "../contract/method.js";
import { type BadRequestDetails, RpcError } from "../contract/rpc-error.js";
import { describeIssues, issuesOf } from "./issues.js";

/** Validates a request, on either side. @throws RpcError BAD_REQUEST with the issues as details */
export function checkRequest(value: unknown, validator: Validator, method: string): void {
  if (isValid(value, validator, method)) return;
  const issues = issuesOf(validator);
  throw new RpcError<"BAD_REQUEST", BadRequestDetails>("BAD_REQUEST", describeIssues(issues), {
    details: { issues },
    method,
  });
}

/**
 * Validates a response or the details of an error at the caller. INTERNAL, because the fault is the server's.
 * @param what names it in the message, such as "response"
 * @throws RpcError INTERNAL
 */
export function checkAnswer(value: unknown, validator: Validator, what: string, method: string): void {
  if (validator(value)) return;
  const issues = describeIssues(issuesOf(validator));
  throw mismatch(new RpcError("INTERNAL", `the ${what} does not match the schema: ${issues}`, { method }));
}

const mismatches = new WeakSet<RpcError>();

/** Marks the error of a message of the other side that does not match the schema of this side. */
export function mismatch(error: RpcError): RpcError {
  mismatches.add(error);
  return error;
}

/** Whether the error is one of {@link mismatch}. */
export function isMismatch(error: RpcError): boolean {
  return mismatches.has(error);
}

/**
 * Whether `value` matches the schema.
 * @throws RpcError BAD_REQUEST where a value of a recursive type is nested deeper than the stack
 */
export function isValid(value: unknown, validator: Validator, method?: string): boolean {
  try {
    return validator(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RpcError("BAD_REQUEST", "the value is nested too deeply", { method, cause: error });
  }
}
