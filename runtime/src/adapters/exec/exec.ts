import type { Logger } from "../../base/log.js";
import type { Session } from "../../base/session.js";
import type { ApiServer } from "../../server/api-server.js";
import { TerminalConsole } from "../console/terminal-console.js";
import { terminalPrinter } from "../console/terminal-printer.js";
import { JSON_PRINTER } from "../session-io/printer.js";
import { runSession } from "../session-io/run-session.js";
import { sessionStreams } from "../session-io/session-streams.js";
import type { CallConfig } from "./run-call.js";
import { runCommand } from "./run-command.js";

/** What commands run on. */
export interface ExecConfig {
  readonly server: ApiServer;
  readonly log: Logger;
  /** See {@link CallConfig.inputTimeout}. */
  readonly inputTimeout: number;
}

/**
 * Runs the command line that a peer gave to `ssh`, and ends its session with the exit status. On a terminal, it prints for
 * people. It never throws.
 */
export function exec(session: Session, line: string, { log, ...rest }: ExecConfig): Promise<void> {
  const config: CallConfig = { ...rest, peer: session.peer, environment: session.environment };
  return runSession(session, log, async () => {
    if (session.terminal === undefined) return runCommand(line, config, sessionStreams(session), JSON_PRINTER);
    const console = new TerminalConsole(session);
    try {
      return await runCommand(line, config, console.streams(), terminalPrinter(session.terminal));
    } finally {
      console.close();
    }
  });
}
