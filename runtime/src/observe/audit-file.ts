import { checkNumber } from "../base/check-number.js";
import { OptionError } from "../base/check-options.js";
import { errorMessage } from "../base/error-message.js";
import type { Logger } from "../base/log.js";
import { checkFileName } from "../base/printable.js";
import { RpcError } from "../contract/rpc-error.js";
import { type AuditFile, ON_FULL } from "./audit-options.js";
import { LineFile } from "./line-file.js";
import type { LineFileEvents } from "./line-file-options.js";
import { writeLines } from "./write-lines.js";

/** An open audit log in a file. Its owner closes it. */
export interface OpenAuditFile {
  readonly log: Logger;
  /** With `onFull: "refuse"`: returns why calls are refused at present. */
  readonly refusal: (() => RpcError | undefined) | undefined;
  /** Resolves when all lines are written, or after 2 seconds. */
  close(): Promise<void>;
}

/** Lines name users and addresses, so only the owner may read them. */
const MODE = 0o600;

/** Defaults of {@link AuditFile}. */
export const AUDIT_FILE_DEFAULTS = { level: "info", files: 5, onFull: "continue" } as const;

/** A file that is smaller would be rotated at nearly every line. */
const MIN_SIZE = 4096;

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
  const { file, level, files, onFull, maxSize } = { ...AUDIT_FILE_DEFAULTS, ...options };
  if (level !== "info" && level !== "warn")
    throw new OptionError(`option audit.level: ${level} is neither info nor warn`);
  if (!ON_FULL.includes(onFull)) throw new OptionError(`option audit.onFull: ${onFull} is neither continue nor refuse`);
  checkNumber("audit.files", files, 1);
  if (maxSize !== undefined) checkNumber("audit.maxSize", maxSize, MIN_SIZE);
  checkFileName(file, "audit log");
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
    close: () => lines.close(),
  };

  function openLines(): LineFile {
    try {
      return new LineFile({ file, mode: MODE, maxSize, files }, events);
    } catch (error) {
      throw new OptionError(`the audit log cannot be written: ${errorMessage(error)}`, { cause: error });
    }
  }
}

function unavailable(): RpcError {
  return new RpcError("UNAVAILABLE", "the server cannot write its audit log, and refuses calls until it can");
}
