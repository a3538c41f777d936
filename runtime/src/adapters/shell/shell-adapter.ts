import { OptionError } from "../../base/check-options.js";
import { errorMessage } from "../../base/error-message.js";
import type { Logger } from "../../base/log.js";
import { holdsKey, printable } from "../../base/printable.js";
import type { ApiServer } from "../../server/api-server.js";
import type { ChannelHandler } from "../../ssh/server/channel-handler.js";
import { exec, inputTimeoutOf } from "../exec/exec-adapter.js";
import type { ExecAdapterOptions } from "../exec/exec-options.js";
import { parseCommand } from "../exec/parse-command.js";
import { HistoryStore } from "./history-store.js";
import { shell } from "./shell.js";
import type { ShellOptions } from "./shell-options.js";

/** What the shell adapter is built from. */
interface ShellAdapterConfig {
  readonly server: ApiServer;
  readonly log: Logger;
  readonly exec?: boolean | ExecAdapterOptions;
  readonly shell?: boolean | ShellOptions;
}

/**
 * The shell adapter: `ssh -t host`, or one command in place of a shell. Undefined where the option `shell` is false.
 * @throws OptionError that names an invalid option
 */
export function shellAdapter(options: ShellAdapterConfig): ChannelHandler<"shell"> | undefined {
  const { server, log, shell: option = true } = options;
  if (option === false) return undefined;
  const config = { server, log, inputTimeout: inputTimeoutOf(options) };
  const command = option === true ? undefined : option.run;
  if (command !== undefined) checkCommand(server, command);
  const history = new HistoryStore();
  return {
    name: "shell",
    match: ({ kind }) => kind === "shell",
    run: (session) =>
      void (command === undefined ? shell(session, { ...config, history }) : exec(session, command, config)),
  };
}

/** @throws OptionError where no session could run the command */
function checkCommand(server: ApiServer, line: string): void {
  try {
    const command = parseCommand(line);
    if (command.name === "call") server.resolve(`${command.verb} ${command.path}`);
  } catch (cause) {
    if (holdsKey(line)) throw new OptionError("shell.run: contains a key; use a command such as GET /notes");
    throw new OptionError(`shell.run: ${printable(JSON.stringify(line))}: ${errorMessage(cause)}`, { cause });
  }
}
