import { MAX_TIMEOUT } from "../../base/check-number.js";
import { OptionError } from "../../base/check-options.js";
import type { Logger } from "../../base/log.js";
import type { Session } from "../../base/session.js";
import { wrongNumber } from "../../base/wrong-type.js";
import type { ApiServer } from "../../server/api-server.js";
import type { ChannelHandler } from "../../ssh/server/channel-handler.js";
import { Catalog } from "../catalog/catalog.js";
import { TerminalConsole } from "../console/terminal-console.js";
import { terminalPrinter } from "../console/terminal-printer.js";
import { JSON_PRINTER } from "../session-io/printer.js";
import { runSession } from "../session-io/run-session.js";
import { sessionStreams } from "../session-io/session-streams.js";
import { runCommandLine } from "./command-line.js";
import type { ExecAdapterOptions } from "./exec-options.js";
import type { CallConfig } from "./run-call.js";

/** What the commands of all sessions share. */
export interface ExecConfig {
  readonly server: ApiServer;
  readonly log: Logger;
  /** See {@link CallConfig.inputTimeout}. */
  readonly inputTimeout: number;
}

/** What the exec adapter is built from. */
interface ExecAdapterConfig extends Pick<ExecConfig, "server" | "log"> {
  readonly exec?: boolean | ExecAdapterOptions;
}

/**
 * The exec adapter: `ssh host GET /notes/42`. Undefined where the option `exec` is false.
 * @throws OptionError that names an invalid option
 */
export function execAdapter(options: ExecAdapterConfig): ChannelHandler<"exec"> | undefined {
  const { server, log } = options;
  const config = { server, log, inputTimeout: inputTimeoutOf(options) };
  if (options.exec === false) return undefined;
  return {
    name: "exec",
    match: ({ kind }) => kind === "exec",
    run: (session, { command }) => void exec(session, command, config),
  };
}

/** See {@link ExecAdapterOptions.inputTimeout}. */
export const INPUT_TIMEOUT = 60_000;

/** The timeout for standard input. The shell adapter reads requests, too. @throws OptionError where it is out of range */
export function inputTimeoutOf({ exec = true }: Pick<ExecAdapterConfig, "exec">): number {
  const { inputTimeout = INPUT_TIMEOUT } = typeof exec === "boolean" ? {} : exec;
  if (inputTimeout >= 1 && inputTimeout <= MAX_TIMEOUT) return inputTimeout;
  throw new OptionError(
    `option exec.inputTimeout: ${wrongNumber(inputTimeout, `a number of ms from 1 to ${MAX_TIMEOUT}`)}`,
  );
}

/**
 * Runs the command line of a session, and exits the session with its status. On a terminal the output is formatted for
 * reading. It never throws.
 */
export function exec(session: Session, line: string, config: ExecConfig): Promise<void> {
  return runSession(session, config, async () => {
    const call = callConfig(session, config);
    if (session.terminal === undefined) return runCommandLine(line, call, sessionStreams(session), JSON_PRINTER);
    const console = new TerminalConsole(session);
    try {
      return await runCommandLine(line, call, console.streams(), terminalPrinter(session.terminal));
    } finally {
      console.close();
    }
  });
}

/** What the calls of one session share. */
export function callConfig({ peer, environment }: Session, { server, inputTimeout }: ExecConfig): CallConfig {
  return { server, catalog: new Catalog(server.api, peer), peer, environment, inputTimeout };
}
