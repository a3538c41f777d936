import { printable } from "../../base/printable.js";
import type { Session, SessionTerminal } from "../../base/session.js";
import { RpcError } from "../../contract/rpc-error.js";
import { Catalog } from "../catalog/catalog.js";
import { TerminalConsole } from "../console/terminal-console.js";
import { terminalPrinter } from "../console/terminal-printer.js";
import type { ExecConfig } from "../exec/exec.js";
import type { CallConfig } from "../exec/run-call.js";
import { fail, runCommand } from "../exec/run-command.js";
import { inputLines } from "../session-io/input-lines.js";
import { JSON_PRINTER } from "../session-io/printer.js";
import { runSession } from "../session-io/run-session.js";
import { sessionStreams } from "../session-io/session-streams.js";
import { complete } from "./complete.js";
import type { HistoryStore } from "./history-store.js";

/** Bytes of a command that comes without a terminal. */
const MAX_COMMAND = 32 * 1024;

/** What shells run on. */
export interface ShellConfig extends ExecConfig {
  readonly history: HistoryStore;
}

/**
 * Lets a peer call one method after the other: at a prompt, on a terminal; without one, a command a line, answered as exec
 * answers it. It ends with the status of the last command. It never throws.
 */
export function shell(session: Session, { log, history, ...rest }: ShellConfig): Promise<void> {
  const { peer, environment, terminal } = session;
  const config: CallConfig = { ...rest, peer, environment };
  return runSession(session, log, () =>
    terminal === undefined ? runLines(session, config) : explore(session, terminal, config, history.of(peer)),
  );
}

async function explore(
  session: Session,
  terminal: SessionTerminal,
  config: CallConfig,
  history: string[],
): Promise<number> {
  const { api } = config.server;
  const catalogue = new Catalog(api, session.peer);
  const console = new TerminalConsole(session, { history, complete: (line) => complete(line, catalogue) });
  const printer = terminalPrinter(terminal);
  const who = session.peer.keyName ?? session.peer.fingerprint;
  const user = printable(session.peer.user) + (who === undefined ? "" : ` (${printable(who)})`);
  console.write(`${api.name} ${api.version}, as ${user}. "help" lists what you may call; Ctrl-D leaves.\n`);
  let status = 0;
  try {
    for (;;) {
      const line = await console.readLine(`${api.name}> `);
      if (line === undefined || line.trim() === "exit") return status;
      if (line.trim() !== "") status = await runCommand(line, config, console.streams(), printer);
    }
  } finally {
    console.close();
  }
}

async function runLines(session: Session, config: CallConfig): Promise<number> {
  const streams = sessionStreams(session);
  let status = 0;
  try {
    for await (const { text } of inputLines(streams.input, { bytes: MAX_COMMAND })) {
      if (text.trim() === "exit" || streams.signal.aborted) break;
      if (text.trim() === "") continue;
      status = await runCommand(text, config, { ...streams, input: noInput() }, JSON_PRINTER);
    }
    return status;
  } catch (error) {
    // What is no line, or too long for one.
    return fail(error, streams, JSON_PRINTER);
  }
}

/** Standard input brings the commands, so that no call can take it. */
function noInput(): AsyncIterableIterator<Buffer> {
  const iterator: AsyncIterableIterator<Buffer> = {
    next: async () => {
      throw new RpcError(
        "BAD_REQUEST",
        "standard input brings the commands: give the request as JSON or fields, or run this call by itself",
      );
    },
    return: async () => ({ done: true, value: undefined }),
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}
