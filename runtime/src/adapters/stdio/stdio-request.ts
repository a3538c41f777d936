import { VERBS } from "../../contract/verb.js";

/** What whoever is at the other end of standard input and output wants. */
export type StdioRequest = { readonly kind: "native" | "shell" } | { readonly kind: "exec"; readonly command: string };

/** How the line of a subsystem begins: `sshrpc serve`, `/usr/bin/node …`, `exec sshrpc …`, `HOME=/srv sshrpc …`. */
const PROGRAM = /^(?:sshrpc|exec|env|node|sudo|nice)$|[/=]/;

/** A call with a mistake: no program is named `GET/notes`, `--timeout=2s` or `{"a":"/"}`, though a slash or `=` is in it. */
const MISTYPED = new RegExp(`^(?:[-{[]|(?:${VERBS.join("|")})/)`, "i");

/**
 * Tells by what sshd says in the environment. `SSH_ORIGINAL_COMMAND` is there where a forced command took the place of what
 * the client asked for: a command, or the subsystem, whose own line of sshd_config stands there then; that one is known by
 * how it begins, as no command of ours does. Without a command, a terminal asks for a shell, and so does every session where
 * `isForced`. Everything else is a client of ours.
 * @param isForced whether this process is a forced command for certain: where nothing was asked for, sshd does not say
 */
export function stdioRequest(env: NodeJS.ProcessEnv, isTerminal: boolean, isForced = false): StdioRequest {
  const command = env["SSH_ORIGINAL_COMMAND"]?.trim() ?? "";
  if (command === "") return { kind: isTerminal || isForced ? "shell" : "native" };
  const [program = ""] = command.split(/\s/, 1);
  const isProgram = PROGRAM.test(program) && !MISTYPED.test(program);
  return isProgram && !isTerminal ? { kind: "native" } : { kind: "exec", command };
}
