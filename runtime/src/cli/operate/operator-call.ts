import { type Command, InvalidArgumentError, Option } from "commander";
import ms from "ms";
import { STATUS } from "../../contract/built-in/operations.js";
import { MAX_ROWS, type ServerStatus, STATUS_ORDERS } from "../../contract/built-in/server-status.js";
import { RpcError } from "../../contract/rpc-error.js";
import { durationFrom } from "../shared/arguments.js";
import { addServerOptions, type CallServerFlags } from "../shared/call-server.js";
import { CallFailure } from "../shared/failure.js";

/** The flags of the commands for operators. */
export interface OperatorFlags extends CallServerFlags {
  readonly timeout?: number;
  readonly json?: boolean;
}

/** The flags of the commands that show a status. */
export interface StatusFlags extends OperatorFlags {
  readonly rows?: number;
  readonly order?: (typeof STATUS_ORDERS)[number];
}

/** The default of `--timeout`, in milliseconds. */
export const TIMEOUT = 30_000;

/** Adds the argument and the options of {@link OperatorFlags}. */
export function addOperatorOptions(command: Command): Command {
  return addServerOptions(command).option(
    "--timeout <duration>",
    `timeout of the connection and the call together (default: ${ms(TIMEOUT)})`,
    durationFrom(1),
  );
}

/** Adds the options of {@link StatusFlags}. */
export function addStatusOptions(command: Command): Command {
  const order = new Option("--order <what>", "what the lists begin with: the largest of these (default: calls)");
  return addOperatorOptions(command)
    .option("--rows <number>", `rows of each list, up to ${MAX_ROWS}`, parseRows)
    .addOption(order.choices(STATUS_ORDERS));
}

function parseRows(text: string): number {
  const rows = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (rows <= MAX_ROWS) return rows;
  throw new InvalidArgumentError(`Use a number from 0 to ${MAX_ROWS}.`);
}

/** The status in an answer. @throws RpcError INTERNAL where it has not the fields of one */
export function toStatus(answer: unknown): ServerStatus {
  if (STATUS.response?.(answer)) return answer as ServerStatus;
  throw new RpcError("INTERNAL", "the answer of the server is not a status");
}

/** The error of a command: that of a call has the exit status of its status. */
export function toFailure(error: unknown, { json }: OperatorFlags): unknown {
  return error instanceof RpcError ? new CallFailure(error, json ? "json" : "text") : error;
}
