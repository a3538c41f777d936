import { pino } from "pino";
import { OptionError } from "../base/check-options.js";
import { errorMessage } from "../base/error-message.js";
import type { Logger } from "../base/log.js";
import { checkFileName } from "../base/printable.js";
import type { AuditFile } from "./audit-options.js";
import { createPrivate } from "./create-private.js";
import { reopenMoved } from "./reopen-moved.js";

/** An open audit log in a file. Its owner closes it. */
export interface OpenAuditFile {
  readonly log: Logger;
  /** Resolves when all lines are written, or after {@link CLOSE_TIMEOUT}. */
  close(): Promise<void>;
}

/** Lines name users and addresses, so only the owner may read them. */
const MODE = 0o600;

/** Interval in ms of the checks whether the file was moved. */
export const CHECK_INTERVAL = 5000;

/** Timeout in ms for writing the last lines. */
const CLOSE_TIMEOUT = 2000;

/** Bytes of lines that may wait for a slow disk; further lines are dropped, so that the server continues. */
export const MAX_BUFFERED = 16 * 1024 * 1024;

/**
 * Opens a file for the audit log, and opens it again when it is moved.
 * @param onProblem called with later errors, which do not stop the server
 * @param lost called with the number of lines that are lost
 * @throws OptionError that names the file, if it cannot be written
 */
export function openAuditFile(
  { file, level = "info" }: AuditFile,
  onProblem: (message: string, error?: Error) => void,
  lost: (count: number) => void,
): OpenAuditFile {
  if (level !== "info" && level !== "warn")
    throw new OptionError(`option audit.level: ${level} is neither info nor warn`);
  checkFileName(file, "audit log");
  try {
    createPrivate(file, MODE);
  } catch (error) {
    throw new OptionError(`the audit log cannot be written: ${errorMessage(error)}`, { cause: error });
  }
  const destination = pino.destination({ dest: file, append: true, sync: false, mode: MODE, maxLength: MAX_BUFFERED });
  const problems = new WriteProblems(onProblem);
  destination.on("error", (error: Error) => problems.failed(error));
  destination.on("drop", () => {
    problems.dropped();
    lost(1);
  });
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  const reopen = reopenMoved(file, MODE, destination, onProblem);
  const timer = setInterval(() => {
    problems.report();
    void reopen();
  }, CHECK_INTERVAL).unref();
  return {
    log,
    close: () => {
      clearInterval(timer);
      problems.report();
      return new Promise((resolve) => {
        const giveUp = (): void => {
          onProblem("the audit log was closed without its last lines, which could not be written");
          destination.destroy();
          resolve();
        };
        const timeout = setTimeout(giveUp, CLOSE_TIMEOUT);
        destination.once("close", () => {
          clearTimeout(timeout);
          resolve();
        });
        destination.end();
      });
    },
  };
}

/** Reports the first failed write at once and the others once per interval, because a full disk fails at every line. */
class WriteProblems {
  readonly #onProblem: (message: string, error?: Error) => void;
  #failures = 0;
  #dropped = 0;

  constructor(onProblem: (message: string, error?: Error) => void) {
    this.#onProblem = onProblem;
  }

  failed(error: Error): void {
    if (this.#failures++ === 0) this.#onProblem("the audit log cannot be written: lines are buffered", error);
  }

  dropped(): void {
    if (this.#dropped++ === 0) this.#onProblem("the audit log cannot be written fast enough: lines are dropped");
  }

  /** Reports how many lines were dropped since the last report. */
  report(): void {
    if (this.#dropped > 1) this.#onProblem(`${this.#dropped} lines of the audit log were dropped`);
    this.#failures = 0;
    this.#dropped = 0;
  }
}
