import { OptionError } from "../base/check-options.js";
import { errorMessage } from "../base/error-message.js";
import type { Logger } from "../base/log.js";
import { checkFileName } from "../base/printable.js";
import { RpcError } from "../contract/rpc-error.js";
import { type AuditFile, ON_FULL } from "./audit-options.js";
import { LineFile } from "./line-file.js";
import { checkRotation, KEPT_FILES, type LineFileEvents, OWNER_ONLY } from "./line-file-options.js";
import { checkAppend } from "./open-append.js";
import { writeLines } from "./write-lines.js";

/** An open audit log in a file. Its owner closes it. */
export interface OpenAuditFile {
  readonly log: Logger;
  /** With `onFull: "refuse"`: returns why calls are refused at present. */
  readonly refusal: (() => RpcError | undefined) | undefined;
  /** Why lines cannot be written at present. */
  readonly failure: () => Error | undefined;
  /** Creates the file again if it was moved. */
  reopen(): void;
  /** Resolves when all lines are written, or after 2 seconds. */
  close(): Promise<void>;
}

/** Defaults of {@link AuditFile}. */
export const AUDIT_FILE_DEFAULTS = { level: "info", files: KEPT_FILES, onFull: "continue" } as const;

/** Checks the options without opening the file. @throws OptionError that names the invalid option, or the file that cannot be written */
export function checkAuditFile(options: AuditFile): void {
  checkOptionsOf(options);
  try {
    checkAppend(options.file);
  } catch (error) {
    throw unwritable(error);
  }
}

function checkOptionsOf(options: AuditFile): Required<Omit<AuditFile, "maxSize">> & Pick<AuditFile, "maxSize"> {
  const all = { ...AUDIT_FILE_DEFAULTS, ...options };
  const { file, level, onFull } = all;
  if (level !== "info" && level !== "warn")
    throw new OptionError(`option audit.level: ${level} is neither info nor warn`);
  if (!ON_FULL.includes(onFull)) throw new OptionError(`option audit.onFull: ${onFull} is neither continue nor refuse`);
  checkRotation("audit", all);
  checkFileName(file, "audit log");
  return all;
}

function unwritable(error: unknown): OptionError {
  return new OptionError(`the audit log cannot be written: ${errorMessage(error)}`, { cause: error });
}

/**
 * Opens a file for the audit log.
 * @param problems gets later errors, which do not stop the server
 * @param lost called with the number of lines that are lost
 * @throws OptionError that names the invalid option, or the file that cannot be written
 */
export function openAuditFile(
  options: AuditFile,
  problems: Pick<Logger, "error" | "warn">,
  lost: (count: number) => void,
): OpenAuditFile {
  const { file, level, files, onFull, maxSize } = checkOptionsOf(options);
  const events: LineFileEvents = {
    onProblem: (message, error) => problems.error({ ...(error && { err: error }) }, `the audit log ${message}`),
    onLost: () => lost(1),
    onRecovered: (count) => {
      problems.warn({ lost: count }, "the audit log can be written again");
      if (count > 0) log.warn({ lost: count }, "lines were lost");
    },
  };
  const lines = openLines();
  const log = writeLines(level, (line) => lines.write(line));
  return {
    log,
    refusal: onFull === "continue" ? undefined : () => (lines.failure === undefined ? undefined : unavailable()),
    failure: () => lines.failure,
    reopen: () => lines.reopen(),
    close: () => lines.close(),
  };

  function openLines(): LineFile {
    try {
      return new LineFile({ file, mode: OWNER_ONLY, maxSize, files }, events);
    } catch (error) {
      throw unwritable(error);
    }
  }
}

function unavailable(): RpcError {
  return new RpcError("UNAVAILABLE", "the server cannot write its audit log, and refuses calls until it can");
}
