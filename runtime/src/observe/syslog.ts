import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { errorMessage } from "../base/error-message.js";
import type { Logger } from "../base/log.js";
import { printable } from "../base/printable.js";
import { HIDDEN, isSecretName, redactText } from "./redact.js";

/** The maximum number of characters of one entry: logger(1) cuts longer ones. */
const MAX_ENTRY = 900;

/** The maximum number of causes that an entry names. */
const MAX_CAUSES = 4;

type Program = ChildProcessByStdio<Writable, null, null>;

/**
 * Passes errors on to syslog, too, under the tag `sshrpc`: sshd discards the standard error of a subsystem, and that of a command
 * is the caller's. logger(1) writes the entries, and runs from the first error until the process ends; where the system has no
 * such program, there are none.
 */
export function withSyslog(log: Logger): Logger {
  let program: Program | undefined;
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error(fields, message) {
      log.error(fields, message);
      program ??= startLogger();
      if (program.stdin.writable) program.stdin.write(`${entry(fields, message)}\n`);
    },
  };
}

function startLogger(): Program {
  const child = spawn("logger", ["-t", "sshrpc", "-p", "daemon.err"], { stdio: ["pipe", "ignore", "ignore"] });
  child.on("error", () => undefined).unref();
  child.stdin.on("error", () => undefined);
  // An idle pipe must not keep the process alive.
  (child.stdin as Writable & { unref(): void }).unref();
  return child;
}

function entry(fields: object, message = ""): string {
  const { err, ...others } = fields as { readonly err?: unknown };
  const values = Object.entries(others).map(
    ([name, value]) => `${name}=${isSecretName(name) ? HIDDEN : String(value)}`,
  );
  const parts = [[message, ...values].join(" "), ...reasons(err)];
  return printable(redactText(parts.filter(Boolean).join(": ")), MAX_ENTRY);
}

/** The message of an error and of its causes, without those that repeat the one before. */
function reasons(error: unknown): string[] {
  const texts: string[] = [];
  let next = error;
  while (next !== undefined && texts.length < MAX_CAUSES) {
    const text = errorMessage(next);
    if (text !== texts.at(-1)) texts.push(text);
    next = next instanceof Error ? next.cause : undefined;
  }
  return texts;
}
