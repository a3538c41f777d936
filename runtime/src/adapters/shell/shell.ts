import { turnOf } from "../../base/accounts/turns.js";
import { printable } from "../../base/printable.js";
import type { Session, SessionTerminal } from "../../base/session.js";
import { RpcError } from "../../contract/rpc-error.js";
import { isVerb } from "../../contract/verb.js";
import { TerminalConsole } from "../console/terminal-console.js";
import { terminalPrinter } from "../console/terminal-printer.js";
import { printFailure, runCommandLine } from "../exec/command-line.js";
import { callConfig, type ExecConfig } from "../exec/exec-adapter.js";
import { MAX_COMMAND } from "../exec/parse-command.js";
import type { CallConfig } from "../exec/run-call.js";
import { closingError, closingInput } from "../session-io/closing-input.js";
import { exitStatus } from "../session-io/exit-status.js";
import { inputLines } from "../session-io/input-lines.js";
import { JSON_PRINTER } from "../session-io/printer.js";
import { runSession } from "../session-io/run-session.js";
import { sessionStreams } from "../session-io/session-streams.js";
import { complete } from "./complete.js";
import type { HistoryStore } from "./history-store.js";

/** What shells share. */
interface ShellConfig extends ExecConfig {
  readonly history: HistoryStore;
}

/**
 * Runs a shell: a prompt on a terminal; otherwise one command per line of input, with the output of exec. It exits with the
 * status of the last command. When the server shuts down, the lines that have arrived get an answer, and the shell ends with the status of
 * UNAVAILABLE. It never throws.
 */
export function shell(session: Session, config: ShellConfig): Promise<void> {
  const { peer, terminal } = session;
  const call = callConfig(session, config);
  return runSession(session, config, () =>
    terminal === undefined ? runLines(session, call) : runPrompt(session, terminal, call, config.history.of(peer)),
  );
}

async function runPrompt(
  session: Session,
  terminal: SessionTerminal,
  config: CallConfig,
  history: string[],
): Promise<number> {
  const { catalog, server } = config;
  const { closing } = server.sessions;
  const { name, version } = catalog.api;
  const console = new TerminalConsole(session, { history, complete: (line) => complete(line, catalog) });
  const printer = terminalPrinter(terminal);
  const key = session.peer.keyName ?? session.peer.fingerprint;
  const user = printable(session.peer.user) + (key === undefined ? "" : ` (${printable(key)})`);
  console.write(`${name} ${version}, logged in as ${user}. Type "help" for the list of methods, Ctrl-D to exit.\n`);
  let status = 0;
  try {
    for (;;) {
      const line = (await console.readLine(`${name}> `, closing))?.trim();
      if (line === undefined && closing.aborted) {
        await console.write("\n");
        return await printFailure(closingError("the shell ends"), console.streams(), printer);
      }
      if (line === undefined) {
        // The prompt of the caller's own shell begins a line.
        console.write("\n");
        return 0;
      }
      if (isExit(line)) return status;
      if (line === "clear") console.write(CLEAR);
      else if (line !== "") status = await runCommandLine(asTyped(line), config, console.streams(), printer);
    }
  } finally {
    console.close();
  }
}

/** Moves the cursor to the first line and clears the screen (ECMA-48: CUP, ED). */
const CLEAR = "\u001b[H\u001b[2J";

function isExit(line: string): boolean {
  return line === "exit" || line === "quit";
}

/** What people type at a prompt: `?` for help, and verbs in lower case. */
function asTyped(line: string): string {
  const [first = ""] = line.split(/\s/, 1);
  if (first === "?") return `help${line.slice(1)}`;
  const verb = first.toUpperCase();
  return isVerb(verb) ? verb + line.slice(first.length) : line;
}

const UNAVAILABLE = exitStatus(new RpcError("UNAVAILABLE"));

async function runLines(session: Session, config: CallConfig): Promise<number> {
  const { input, ...streams } = sessionStreams(session);
  const { closing } = config.server.sessions;
  let status = 0;
  let isCut = false;
  try {
    const chunks = closingInput(input, closing);
    for await (const { text } of inputLines(chunks, { bytes: MAX_COMMAND, turn: turnOf(session.peer) })) {
      if (isExit(text.trim()) || streams.signal.aborted) break;
      if (text.trim() === "") continue;
      status = await runCommandLine(text, config, streams, JSON_PRINTER);
      // A later line without a call must not hide that this one was not run.
      isCut ||= closing.aborted && status === UNAVAILABLE;
    }
    return isCut ? UNAVAILABLE : status;
  } catch (error) {
    // A line that is not UTF-8, or too long.
    return printFailure(error, streams, JSON_PRINTER);
  }
}
