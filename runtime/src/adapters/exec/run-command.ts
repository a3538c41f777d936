import { AGENT } from "../../base/version.js";
import { RpcError } from "../../contract/rpc-error.js";
import { Catalog } from "../catalog/catalog.js";
import { describe } from "../catalog/describe.js";
import { help } from "../catalog/help.js";
import type { CommandStreams } from "../session-io/command-streams.js";
import type { Printer } from "../session-io/printer.js";
import { type CallCommand, type Command, parseCommand } from "./parse-command.js";
import { type CallConfig, runCall } from "./run-call.js";

/**
 * Runs one command line. What it gives goes to standard output; why it failed goes to standard error, and so does the
 * response that a stream ends with: standard output holds nothing but its items.
 * @returns the exit status: 0, 4 for a 4xx, 5 for a 5xx
 */
export async function runCommand(
  line: string,
  config: CallConfig,
  streams: CommandStreams,
  printer: Printer,
): Promise<number> {
  try {
    const command = parseCommand(line);
    if (command.name === "call") await call(command, config, streams, printer);
    else await streams.write(await textOf(command, config, printer));
    return 0;
  } catch (error) {
    return fail(error, streams, printer);
  }
}

/** Says why a command failed, and gives its exit status. @throws what is no RpcError */
export async function fail(error: unknown, streams: CommandStreams, printer: Printer): Promise<number> {
  if (!(error instanceof RpcError)) throw error;
  await streams.writeError(printer.error(error));
  return error.code < 500 ? 4 : 5;
}

async function call(
  command: CallCommand,
  config: CallConfig,
  streams: CommandStreams,
  printer: Printer,
): Promise<void> {
  const { method, response } = await runCall(command, config, {
    input: streams.input,
    signal: streams.signal,
    ...(streams.ask && { ask: streams.ask }),
    item: (item, isBytes) => streams.write(isBytes ? printer.bytes(item as Uint8Array) : printer.value(item)),
  });
  if (method.responseItem === undefined) await streams.write(printer.value(response));
  else if (response !== undefined) await streams.writeError(printer.value(response));
}

async function textOf(
  { name, topic }: Exclude<Command, CallCommand>,
  { server, peer }: CallConfig,
  printer: Printer,
): Promise<string> {
  const catalogue = new Catalog(server.api, peer);
  if (name === "help") return help(topic, server.api, catalogue);
  if (name === "describe") return printer.document(await describe(topic, catalogue));
  const { name: api, version, hash } = server.api;
  return printer.value({ api, version, hash, server: AGENT });
}
