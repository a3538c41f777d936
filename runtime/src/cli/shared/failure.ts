import type { Writable } from "node:stream";
import { CommanderError } from "commander";
import { exitStatus } from "../../adapters/session-io/exit-status.js";
import { JSON_PRINTER } from "../../adapters/session-io/printer.js";
import { OptionError } from "../../base/check-options.js";
import { errorMessage } from "../../base/error-message.js";
import { printable } from "../../base/printable.js";
import { describeIssues } from "../../codec/issues.js";
import { type BadRequestDetails, RpcError } from "../../contract/rpc-error.js";
import { redactText } from "../../observe/redact.js";

/** The command line, or a file that it names, is invalid: exit status 2 and a one-line message. */
export class UsageError extends Error {
  readonly exitCode = 2;
}

/** A call ended with a status other than OK: exit status 4 for a 4xx, 5 for a 5xx, as over ssh. */
export class CallFailure extends Error {
  readonly exitCode: 4 | 5;
  readonly error: RpcError;
  /** One line of text, or of JSON as over ssh. */
  readonly format: "text" | "json";

  constructor(error: RpcError, format: "text" | "json") {
    super(error.message, { cause: error });
    this.exitCode = exitStatus(error);
    this.error = error;
    this.format = format;
  }
}

/** The maximum length of a printed text from the server, in characters. */
const MAX_PRINTED = 2000;

/** The errors of @sshrpc/codegen, which cannot import classes of this package. */
interface CodegenError {
  readonly exitCode?: unknown;
  /** Whether the command has printed the error. */
  readonly isReported?: unknown;
}

/** Prints the error of a failed command on standard error. @returns the exit status */
export function reportFailure(error: unknown, stderr: Writable): 0 | 1 | 2 | 4 | 5 {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof CallFailure) {
    const { error: reason, format, exitCode } = error;
    stderr.write(format === "json" ? JSON_PRINTER.error(reason) : `sshrpc: ${describeRpcError(reason)}\n`);
    return exitCode;
  }
  const { exitCode, isReported } = (error ?? {}) as CodegenError;
  if (isReported !== true) stderr.write(`sshrpc: ${describeFailure(error)}\n`);
  return exitCode === 2 ? 2 : 1;
}

function describeFailure(error: unknown): string {
  if (error instanceof RpcError) return describeRpcError(error);
  // `gen` prints one line for each problem. What modules of handlers throw may have secrets, as in the log.
  const lines = redactText(errorMessage(error)).split("\n");
  return lines.map((line) => printable(line, MAX_PRINTED)).join("\n");
}

/**
 * The message already contains validation issues; other details are appended. Text from the server is escaped, so that it
 * cannot control the terminal or span several lines.
 */
function describeRpcError(error: RpcError): string {
  const { details } = error;
  // An invalid option of this command has no status of a call.
  const line = printable(error.cause instanceof OptionError ? error.message : `${error}`, MAX_PRINTED);
  if (details === undefined || isIssues(error)) return line;
  return `${line} ${printable(JSON.stringify(details), MAX_PRINTED)}`;
}

function isIssues({ details, message }: RpcError): boolean {
  const issues = (details as Partial<BadRequestDetails> | null)?.issues;
  if (!Array.isArray(issues)) return false;
  return issues.length === 0 || (issues.every((issue) => issue !== null) && describeIssues(issues) === message);
}
