import type { Command } from "commander";
import { escapeUnsafe } from "../../adapters/session-io/printer.js";
import { printable } from "../../base/printable.js";
import { callPath } from "../../client/call-path.js";
import { STATUS } from "../../contract/built-in/operations.js";
import type { ServerStatus } from "../../contract/built-in/server-status.js";
import { RpcError } from "../../contract/rpc-error.js";
import { findServer } from "../shared/call-server.js";
import type { CliIo } from "../shared/io.js";
import type { Output } from "../shared/output.js";
import { addStatusOptions, type StatusFlags, TIMEOUT, toFailure, toStatus } from "./operator-call.js";
import { statusLines } from "./status-text.js";

/** The default of `--rows` for a terminal. */
const ROWS = 20;

/** `sshrpc status ssh://user@host:port`: connections, calls by method and keys of a server, as tables or as JSON. */
export function defineStatus(command: Command, io: CliIo, output: Output): void {
  addStatusOptions(command.argument("<address>", "server address: ssh://user@host:port"))
    .option("--json", "print one line of JSON, an error too")
    .action(async (address: string, flags: StatusFlags) => {
      try {
        await printStatus(address, flags, { io, output });
      } catch (error) {
        if (!output.signal.aborted) throw toFailure(error, flags);
      }
    });
}

/** Prints the present status once. @throws RpcError */
export async function printStatus(
  address: string,
  flags: StatusFlags,
  { io, output }: { readonly io: CliIo; readonly output: Output },
): Promise<void> {
  const { transport } = await findServer(address, flags, io);
  const { order, json, rows = json ? undefined : ROWS, timeout = TIMEOUT } = flags;
  const request = { ...(rows !== undefined && { rows }), ...(order && { order }) };
  const { verb, path } = STATUS;
  const status = toStatus(await callPath(transport, { verb, path, request, timeout, signal: output.signal }));
  await output.write(json ? `${escapeUnsafe(JSON.stringify(status))}\n` : textOf(status, transport.address));
}

function textOf(status: ServerStatus, address: string): string {
  return `${renderStatus(status, address).join("\n")}\n`;
}

/** The lines of a status. @throws RpcError INTERNAL where the server has sent something else */
export function renderStatus(status: ServerStatus, address: string): readonly string[] {
  try {
    return statusLines(status, printable(address));
  } catch (error) {
    throw new RpcError("INTERNAL", "the answer of the server is not a status", { cause: error });
  }
}
