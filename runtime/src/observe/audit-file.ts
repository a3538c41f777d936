import { closeSync, openSync } from "node:fs";
import { pino } from "pino";
import { errorMessage } from "../base/error-message.js";
import type { Logger } from "../base/log.js";
import { checkFileName } from "../base/printable.js";
import type { AuditFile } from "./audit-options.js";
import { reopenMoved } from "./reopen-moved.js";

/** A log in a file. Whoever opened it closes it. */
export interface OpenAuditFile {
  readonly log: Logger;
  /** Resolves when all lines are written, or two seconds later, where that cannot be. */
  close(): Promise<void>;
}

/** Only the owner reads who comes and goes. */
const MODE = 0o600;

/** Milliseconds until it is noticed that the file has been moved away. */
const CHECK_INTERVAL = 5000;

/** Milliseconds that the last lines have to be written. */
const CLOSE_GRACE = 2000;

/** How many bytes of lines may wait for a slow disk; more are dropped, and the server goes on. */
const MAX_WAITING = 16 * 1024 * 1024;

/**
 * Opens a file for the audit log, and opens it again when it was moved away.
 * @param problem is told what goes wrong later: the server goes on without what could not be written
 * @throws Error that names the file, where it cannot be written
 */
export function openAuditFile(
  { file, level = "info" }: AuditFile,
  problem: (message: string, error?: Error) => void,
): OpenAuditFile {
  if (level !== "info" && level !== "warn")
    throw new Error(`the option audit.level is ${level}; it takes info or warn`);
  checkFileName(file, "audit log");
  try {
    closeSync(openSync(file, "a", MODE));
  } catch (error) {
    throw new Error(`the audit log cannot be written: ${errorMessage(error)}`, { cause: error });
  }
  const destination = pino.destination({ dest: file, append: true, sync: false, mode: MODE, maxLength: MAX_WAITING });
  const trouble = new Trouble(problem);
  destination.on("error", (error: Error) => trouble.failed(error));
  destination.on("drop", () => trouble.dropped());
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  const reopen = reopenMoved(file, MODE, destination, problem);
  const timer = setInterval(() => {
    trouble.report();
    void reopen();
  }, CHECK_INTERVAL).unref();
  return {
    log,
    close: () => {
      clearInterval(timer);
      trouble.report();
      return new Promise((resolve) => {
        const giveUp = (): void => {
          problem("the audit log ends without its last lines, which could not be written");
          destination.destroy();
          resolve();
        };
        const late = setTimeout(giveUp, CLOSE_GRACE);
        destination.once("close", () => {
          clearTimeout(late);
          resolve();
        });
        destination.end();
      });
    },
  };
}

/** A full disk fails at every line: the first time is told at once, and the rest once a while. */
class Trouble {
  readonly #problem: (message: string, error?: Error) => void;
  #failures = 0;
  #dropped = 0;

  constructor(problem: (message: string, error?: Error) => void) {
    this.#problem = problem;
  }

  failed(error: Error): void {
    if (this.#failures++ === 0) this.#problem("the audit log cannot be written: lines wait until it can", error);
  }

  dropped(): void {
    if (this.#dropped++ === 0) this.#problem("the audit log cannot be written fast enough: lines are dropped");
  }

  report(): void {
    if (this.#dropped > 1) this.#problem(`${this.#dropped} lines of the audit log were dropped`);
    this.#failures = 0;
    this.#dropped = 0;
  }
}
