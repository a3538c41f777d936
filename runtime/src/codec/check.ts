import type { Validator } from "../contract/method.js";
import { type BadRequestDetails, RpcError } from "../contract/rpc-error.js";
import { describeIssues, issuesOf } from "./issues.js";

/** Validates a request, on either side. @throws RpcError BAD_REQUEST with its issues as details */
export function checkRequest(value: unknown, validator: Validator, method: string): void {
  if (isValid(value, validator, method)) return;
  const issues = issuesOf(validator);
  throw new RpcError<"BAD_REQUEST", BadRequestDetails>("BAD_REQUEST", describeIssues(issues), {
    details: { issues },
    method,
  });
}

/**
 * Validates what a server answers, at its caller: the fault lies with the server, so it is INTERNAL.
 * @param what such as "response", for the message
 * @throws RpcError INTERNAL
 */
export function checkAnswer(value: unknown, validator: Validator, what: string, method: string): void {
  if (validator(value)) return;
  const issues = describeIssues(issuesOf(validator));
  throw new RpcError("INTERNAL", `the ${what} does not fit the contract: ${issues}`, { method });
}

/**
 * Whether `value` is what the schema says. A value of a recursive type may be nested deeper than the stack goes.
 * @throws RpcError BAD_REQUEST where it is
 */
export function isValid(value: unknown, validator: Validator, method?: string): boolean {
  try {
    return validator(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RpcError("BAD_REQUEST", "the value is nested too deeply", { method, cause: error });
  }
}
