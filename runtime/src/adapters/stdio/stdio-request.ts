import { VERBS } from "../../contract/verb.js";
import { fileProgram } from "../exec/file-programs.js";

/** The request of a session over standard input and output. `native` is a client that speaks the native wire. */
export type StdioRequest =
  | { readonly kind: "native" }
  | { readonly kind: "shell" }
  | { readonly kind: "exec"; readonly command: string };

/** How sshd has started this process. */
interface StdioStart {
  /** Whether standard input or output is a terminal. */
  readonly isTerminal: boolean;
  /** Whether the process is known to be a forced command: sshd does not tell where the client sent no command. */
  readonly isForced: boolean;
}

/** The first word of a subsystem line: `sshrpc serve`, `/usr/bin/node …`, `exec sshrpc …`, `HOME=/srv sshrpc …`. */
const PROGRAM = /^(?:sshrpc|exec|env|node|sudo|nice)$|[/=]/;

/** The first word of a mistyped call, which PROGRAM would match by its slash or `=`: `GET/notes`, `--timeout=2s`, `{"a":"/"}`. */
const MISTYPED = new RegExp(`^(?:[-{[]|(?:${VERBS.join("|")})/)`, "i");

/**
 * Derives the request from the environment. sshd sets `SSH_ORIGINAL_COMMAND` for a forced command: to the client's command,
 * or to the line of the subsystem in sshd_config. The two differ in their first word, because no call begins as a program
 * does. A session without a command is a shell on a terminal or where `isForced`; otherwise it speaks the native wire.
 */
export function stdioRequest(env: NodeJS.ProcessEnv, { isTerminal, isForced }: StdioStart): StdioRequest {
  const command = env["SSH_ORIGINAL_COMMAND"]?.trim() ?? "";
  if (command === "") return { kind: isTerminal || isForced ? "shell" : "native" };
  const [program = ""] = command.split(/\s/, 1);
  const isProgram = PROGRAM.test(program) && !MISTYPED.test(program) && fileProgram(command) === undefined;
  return isProgram && !isTerminal ? { kind: "native" } : { kind: "exec", command };
}
