import { printable } from "../base/printable.js";

/** Characters of an error of ssh2. */
const LIMIT = 1000;

/**
 * Makes the text of an error of ssh2 fit to be shown, in place: it may be what the peer says, and becomes the cause of ours,
 * which logs and consoles print whole.
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
