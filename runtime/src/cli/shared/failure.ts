import { CommanderError } from "commander";
import { errorMessage } from "../../base/error-message.js";
import { hideKeys, printable } from "../../base/printable.js";
import { describeIssues } from "../../codec/issues.js";
import { type BadRequestDetails, RpcError } from "../../contract/rpc-error.js";

/** The command line, or a file that it names, is wrong: exit status 2, and one line that says what to do. */
export class UsageError extends Error {
  readonly exitCode = 2;
}

/** Characters of what a server says. */
const MAX_LINE = 2000;

/** Prints why a command failed, in one line on standard error, and gives the exit status. */
export function reportFailure(error: unknown): 0 | 1 | 2 {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  process.stderr.write(`sshrpc: ${describeFailure(error)}\n`);
  // Not instanceof: the commands of @sshrpc/codegen have a class of their own for the same.
  return (error as { readonly exitCode?: unknown } | null | undefined)?.exitCode === 2 ? 2 : 1;
}

function describeFailure(error: unknown): string {
  if (error instanceof RpcError) return describeRpcError(error);
  // Line by line: gen has one for each problem.
  const lines = hideKeys(errorMessage(error)).split("\n");
  return lines.map((line) => printable(line, MAX_LINE)).join("\n");
}

/**
 * Issues stand in the message already; other details follow it, for they are what the schema declares. What a server
 * says must not steer the terminal, nor take more than its line.
 */
function describeRpcError(error: RpcError): string {
  const line = printable(`${error}`, MAX_LINE);
  const { details } = error;
  if (details === undefined || isIssues(error)) return line;
  return `${line} ${printable(JSON.stringify(details), MAX_LINE)}`;
}

function isIssues({ details, message }: RpcError): boolean {
  const issues = (details as Partial<BadRequestDetails> | null)?.issues;
  if (!Array.isArray(issues)) return false;
  return issues.length === 0 || (issues.every((issue) => issue !== null) && describeIssues(issues) === message);
}
