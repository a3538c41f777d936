import { printable } from "../base/printable.js";

/** The maximum number of characters of an ssh2 error. */
const LIMIT = 1000;

/**
 * Escapes and truncates the message of an ssh2 error in place. It may quote the peer, and it becomes the cause of an
 * SshError, which logs and consoles print in full.
 */
export function printableError<E extends Error>(error: E): E {
  const { message, stack = "" } = error;
  const shown = printable(message, LIMIT);
  if (shown === message) return error;
  const start = stack.indexOf(message);
  error.message = shown;
  error.stack =
    start < 0 ? `${error.name}: ${shown}` : stack.slice(0, start) + shown + stack.slice(start + message.length);
  return error;
}
