import type { Logger } from "../base/log.js";
import { MAX_TIMEOUT } from "../base/max-timeout.js";
import { holdsKey, printable } from "../base/printable.js";
import type { ApiServer } from "../server/api-server.js";
import type { WaysIn } from "../ssh/server/channel-handlers.js";
import type { WaysInOptions } from "./adapter-options.js";
import { type ExecSetting, exec } from "./exec/exec.js";
import { parseCommand } from "./exec/parse-command.js";
import { korvLimits } from "./korv/korv-options.js";
import { serveKorv } from "./korv/serve-korv.js";
import { HistoryStore } from "./shell/history-store.js";
import { shell } from "./shell/shell.js";

/**
 * What a server does with the channels of its peers: each way in ends in the same `server`.
 * @throws Error that names an option that is impossible
 */
export function waysIn(server: ApiServer, options: WaysInOptions & { readonly log: Logger }): WaysIn {
  const { log } = options;
  const setting = { server, log, inputTimeout: inputTimeoutOf(options.exec) };
  const limits = korvLimits(options.korv);
  return {
    native: (duplex, peer) => server.accept(duplex, peer),
    ...(options.exec !== false && { exec: (session, command) => void exec(session, command, setting) }),
    ...(options.shell !== false && { shell: shellOf(options.shell, setting) }),
    // Wherever it leads: korv's client asks for a connection to the server itself, by whatever name it knows that.
    ...(limits && { directTcpip: (_to, peer) => (channel) => serveKorv(channel, { server, peer, limits, log }) }),
  };
}

function shellOf(option: WaysInOptions["shell"] = true, setting: ExecSetting): NonNullable<WaysIn["shell"]> {
  const run = option === true || option === false ? undefined : option.run;
  if (run === undefined) {
    const history = new HistoryStore();
    return (session) => void shell(session, { ...setting, history });
  }
  try {
    const command = parseCommand(run);
    if (command.name === "call") setting.server.resolve(`${command.verb} ${command.path}`);
  } catch (error) {
    if (holdsKey(run)) throw new Error("shell.run: the text of a key, not a command");
    throw new Error(`the option shell.run is ${printable(JSON.stringify(run))}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return (session) => void exec(session, run, setting);
}

function inputTimeoutOf(option: WaysInOptions["exec"] = true): number {
  const { inputTimeout = 60_000 } = typeof option === "boolean" ? {} : option;
  if (inputTimeout >= 1 && inputTimeout <= MAX_TIMEOUT) return inputTimeout;
  throw new Error(`exec.inputTimeout is ${inputTimeout}; it is in milliseconds, from 1 to ${MAX_TIMEOUT}`);
}
