import { MAX_TIMEOUT } from "../base/check-number.js";
import { errorMessage } from "../base/error-message.js";
import type { Logger } from "../base/log.js";
import { holdsKey, printable } from "../base/printable.js";
import type { ApiServer } from "../server/api-server.js";
import type { ChannelHandlers } from "../ssh/server/channel-handlers.js";
import { refuseConnection } from "../wire/close-duplex.js";
import type { AdapterOptions } from "./adapter-options.js";
import { type ExecConfig, exec } from "./exec/exec.js";
import { parseCommand } from "./exec/parse-command.js";
import { korvLimits } from "./korv/korv-options.js";
import { serveKorv } from "./korv/serve-korv.js";
import { HistoryStore } from "./shell/history-store.js";
import { shell } from "./shell/shell.js";

/**
 * What a server does with the channels of its peers: each way in ends in the same `server`.
 * @throws Error that names an option that is impossible
 */
export function channelHandlers(
  server: ApiServer,
  options: AdapterOptions & { readonly log: Logger },
): ChannelHandlers {
  const { log } = options;
  const config = { server, log, inputTimeout: inputTimeoutOf(options.exec) };
  const limits = korvLimits(options.korv);
  return {
    native: (duplex, peer) => server.accept(duplex, peer),
    denyNative: refuseConnection,
    ...(options.exec !== false && { exec: (session, command) => void exec(session, command, config) }),
    ...(options.shell !== false && { shell: shellOf(options.shell, config) }),
    // Wherever it leads: korv's client asks for a connection to the server itself, by whatever name it knows that.
    ...(limits && { directTcpip: (_to, peer) => (channel) => serveKorv(channel, { server, peer, limits, log }) }),
  };
}

function shellOf(option: AdapterOptions["shell"] = true, config: ExecConfig): NonNullable<ChannelHandlers["shell"]> {
  const run = option === true || option === false ? undefined : option.run;
  if (run === undefined) {
    const history = new HistoryStore();
    return (session) => void shell(session, { ...config, history });
  }
  try {
    const command = parseCommand(run);
    if (command.name === "call") config.server.resolve(`${command.verb} ${command.path}`);
  } catch (error) {
    if (holdsKey(run)) throw new Error("shell.run: the text of a key, not a command");
    throw new Error(`the option shell.run is ${printable(JSON.stringify(run))}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
  return (session) => void exec(session, run, config);
}

function inputTimeoutOf(option: AdapterOptions["exec"] = true): number {
  const { inputTimeout = 60_000 } = typeof option === "boolean" ? {} : option;
  if (inputTimeout >= 1 && inputTimeout <= MAX_TIMEOUT) return inputTimeout;
  throw new Error(`exec.inputTimeout is ${inputTimeout}; it is in milliseconds, from 1 to ${MAX_TIMEOUT}`);
}
