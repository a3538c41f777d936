import { checkOptions, type OptionTable } from "../base/check-options.js";
import type { Logger } from "../base/log.js";
import { checkedOptions } from "../contract/option-errors.js";
import { currentCall, traceCalls } from "../server/call/current-call.js";
import { checkGrace, SIGNAL_GRACE } from "../server/check-grace.js";
import { resolveLog } from "./resolve-log.js";
import type { Server } from "./serve.js";

/** The options of {@link handleRejections}. */
export interface HandleRejectionsOptions {
  /** Gets the errors that belong to no call; false for none. Default: that of `openLog`, at level `info`, to standard error. */
  readonly log?: Logger | false;
  /** Grace in ms for running calls before the process ends. Default: 5,000. */
  readonly grace?: number;
}

const OPTIONS = { log: true, grace: true } satisfies OptionTable<HandleRejectionsOptions>;

/** What Node reports where no code handles an error. */
export type ErrorEvent = "unhandledRejection" | "uncaughtException";

/** The process, or the `io` of a command. */
interface ErrorEvents {
  on(event: ErrorEvent, listener: (error: unknown) => void): unknown;
  off(event: ErrorEvent, listener: (error: unknown) => void): unknown;
}

/**
 * Keeps one stray rejection in one handler from ending the process of a server for all its callers:
 *
 * - An unhandled rejection of code that a handler or an interceptor has started is logged with its call, and the server goes on.
 *   The answer of the call is not affected.
 * - Any other unhandled rejection, and every uncaught exception, is logged; the server drains, and the process ends with exit
 *   status 1: the state of the process is unknown. Node throws the rejection of a promise that an event listener returns.
 *
 * `sshrpc serve` does the same. It handles the events of the whole process, so call it once, in a program that only serves. Calls
 * are traced with AsyncLocalStorage from then on.
 * @returns a function that stops it
 * @throws RpcError BAD_REQUEST for an invalid option
 */
export async function handleRejections(
  server: Pick<Server, "close">,
  options: HandleRejectionsOptions = {},
): Promise<() => void> {
  const grace = checkedOptions(() => {
    checkOptions(options, OPTIONS);
    return checkGrace(options.grace ?? SIGNAL_GRACE);
  });
  const log = await resolveLog(options.log, "info");
  return watchErrors(process, log, async () => {
    try {
      await server.close({ grace });
    } finally {
      process.exit(1);
    }
  });
}

/**
 * Logs errors that no code handles.
 * @param onFatal called once, at the first error that belongs to no call
 * @returns a function that stops it
 */
export function watchErrors(events: ErrorEvents, log: Logger, onFatal: () => unknown): () => void {
  traceCalls();
  let isEnding = false;
  const fatal = (error: unknown, message: string): void => {
    log.error({ err: error }, isEnding ? message : `${message}; the server drains and ends`);
    if (isEnding) return;
    isEnding = true;
    onFatal();
  };
  const rejected = (error: unknown): void => {
    const call = currentCall();
    if (call === undefined) fatal(error, "unhandled rejection outside of a call");
    else call.log.error({ err: error }, "unhandled rejection in a handler; the server goes on");
  };
  const thrown = (error: unknown): void => fatal(error, "uncaught exception");
  events.on("unhandledRejection", rejected);
  events.on("uncaughtException", thrown);
  return () => {
    events.off("unhandledRejection", rejected);
    events.off("uncaughtException", thrown);
  };
}
