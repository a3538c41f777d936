import { AGENT } from "../../agent.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { Logger } from "../../log.js";
import { Catalogue } from "./catalogue.js";
import { describe } from "./describe.js";
import { exitStatus } from "./exit-status.js";
import { help } from "./help.js";
import { jsonLine } from "./json-text.js";
import { type CallCommand, type Command, parseCommand } from "./parse-command.js";
import { type CallSetting, runCall } from "./run-call.js";
import type { CommandStreams } from "./session-streams.js";

/** What a command runs on, and for whom. */
export interface CommandSetting extends CallSetting {
  readonly log: Logger;
}

/**
 * Runs one command line. What it gives goes to standard output: a JSON value a line, items as they arrive, raw bytes as
 * they are. Why it failed goes to standard error, as one line of JSON, and so does the response that a stream ends with:
 * standard output holds nothing but its items.
 * @returns the exit status: 0, 4 for a 4xx, 5 for a 5xx
 */
export async function runCommand(line: string, setting: CommandSetting, streams: CommandStreams): Promise<number> {
  try {
    const command = parseCommand(line);
    if (command.name === "call") await call(command, setting, streams);
    else await streams.write(await textOf(command, setting));
    return 0;
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    await streams.writeError(errorLine(error));
    return exitStatus(error);
  }
}

async function call(command: CallCommand, setting: CommandSetting, streams: CommandStreams): Promise<void> {
  const { method, response } = await runCall(command, setting, {
    input: streams.input,
    signal: streams.signal,
    item: (item, isBytes) => streams.write(isBytes ? (item as Uint8Array) : jsonLine(item)),
  });
  if (method.responseItem === undefined) await streams.write(jsonLine(response));
  else if (response !== undefined) await streams.writeError(jsonLine(response));
}

async function textOf(
  { name, topic }: Exclude<Command, CallCommand>,
  { server, peer }: CommandSetting,
): Promise<string> {
  const catalogue = new Catalogue(server.api, peer);
  if (name === "help") return help(topic, server.api, catalogue);
  if (name === "describe") return describe(topic, catalogue);
  const { name: api, version, hash } = server.api;
  return jsonLine({ api, version, hash, server: AGENT });
}

/** An error as one line of JSON. */
export function errorLine({ status, code, method, message, details }: RpcError): string {
  return jsonLine({ status, code, method, message, details });
}
