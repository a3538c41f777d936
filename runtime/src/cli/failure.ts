import { CommanderError } from "commander";
import { describeIssues } from "../codec/issues.js";
import { type BadRequestDetails, RpcError } from "../contract/rpc-error.js";

/** The command line, or a file that it names, is wrong: exit status 2, and one line that says what to do. */
export class UsageError extends Error {}

/** Prints why a command failed, in one line on standard error, and gives the exit status. */
export function reportFailure(error: unknown): 0 | 1 | 2 {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  process.stderr.write(`sshrpc: ${describeFailure(error)}\n`);
  return error instanceof UsageError ? 2 : 1;
}

function describeFailure(error: unknown): string {
  if (error instanceof RpcError) return describeRpcError(error);
  return error instanceof Error ? error.message : String(error);
}

/** Issues stand in the message already; other details follow it, for they are what the schema declares. */
function describeRpcError(error: RpcError): string {
  const { details } = error;
  if (details === undefined || describeIssues((details as BadRequestDetails).issues ?? []) === error.message)
    return `${error}`;
  return `${error} ${JSON.stringify(details)}`;
}
