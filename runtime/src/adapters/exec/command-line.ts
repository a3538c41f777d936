import { AGENT } from "../../base/version.js";
import { EncodedJson } from "../../codec/encoded-json.js";
import { HEALTH, isHealthy } from "../../contract/built-in/operations.js";
import { RpcError } from "../../contract/rpc-error.js";
import { describeMethods } from "../catalog/describe-methods.js";
import { helpText } from "../catalog/help-text.js";
import type { CommandStreams } from "../session-io/command-streams.js";
import { exitStatus } from "../session-io/exit-status.js";
import type { Printer } from "../session-io/printer.js";
import { fileProgram, insteadOf } from "./file-programs.js";
import { type CallCommand, type Command, parseCommand } from "./parse-command.js";
import { type CallConfig, runCall } from "./run-call.js";

/** The exit status of `health` where the server is not ready, as of a call that ends with UNAVAILABLE. */
const EXIT_UNHEALTHY = 5;

/**
 * Runs one command line. Its result goes to standard output and its error to standard error, and so does the response that
 * ends a stream: standard output then has only items.
 * @returns the exit status: 0, 4 for a 4xx, 5 for a 5xx
 */
export async function runCommandLine(
  line: string,
  config: CallConfig,
  streams: CommandStreams,
  printer: Printer,
): Promise<number> {
  try {
    const program = fileProgram(line);
    if (program !== undefined) {
      await streams.writeError(insteadOf(program, config.catalog));
      return 4;
    }
    const command = parseCommand(line);
    if (command.name === "call") return await printCall(command, config, streams, printer);
    await streams.write(await infoText(command, config, printer));
    return 0;
  } catch (error) {
    return printFailure(error, streams, printer);
  }
}

/** Prints the error of a command, and returns its exit status. @throws an error that is not an RpcError */
export async function printFailure(error: unknown, streams: CommandStreams, printer: Printer): Promise<number> {
  if (!(error instanceof RpcError)) throw error;
  await streams.writeError(printer.error(error));
  return exitStatus(error);
}

async function printCall(
  command: CallCommand,
  config: CallConfig,
  streams: CommandStreams,
  printer: Printer,
): Promise<number> {
  const { method, response } = await runCall(command, config, {
    ...streams,
    item: (item, position) => {
      if (!(item instanceof EncodedJson)) return streams.write(printer.bytes(item));
      return streams.write(printer.value(command.positions ? withPosition(item, position) : item));
    },
  });
  if (response === undefined) return 0;
  if (method.responseItem === undefined) await streams.write(printer.value(response));
  else await streams.writeError(printer.value(response));
  return method === HEALTH && !isHealthy(response.value) ? EXIT_UNHEALTHY : 0;
}

/** An item and its position, where its handler has marked it, as one line. */
function withPosition({ text }: EncodedJson, position: string | undefined): EncodedJson {
  const start = position === undefined ? "" : `"position":${JSON.stringify(position)},`;
  return new EncodedJson(`{${start}"item":${text}}`);
}

async function infoText(
  { name, topic }: Exclude<Command, CallCommand>,
  { catalog }: CallConfig,
  printer: Printer,
): Promise<string> {
  if (name === "help") return helpText(topic, catalog);
  if (name === "describe") return printer.document(await describeMethods(topic, catalog));
  const { name: api, version, hash } = catalog.api;
  return printer.value(new EncodedJson(JSON.stringify({ api, version, hash, server: AGENT })));
}
