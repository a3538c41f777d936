import type { Writable } from "node:stream";
import { checkOptions, OptionError, type OptionTable } from "../base/check-options.js";
import { errorMessage } from "../base/error-message.js";
import type { Logger } from "../base/log.js";
import { nearest } from "../base/nearest.js";
import { checkFileName, printable } from "../base/printable.js";
import { toBadRequest } from "../contract/option-errors.js";
import { isJournal, withPriority } from "./journal.js";
import { LineFile } from "./line-file.js";
import { checkRotation, type LineFileEvents, OWNER_ONLY } from "./line-file-options.js";
import { LineStream } from "./line-stream.js";
import { FORMATS, LEVELS, LOG_DEFAULTS, type LogFormat, type LogLevelOption, type LogOptions } from "./log-options.js";
import { checkAppend } from "./open-append.js";
import { prettyLines } from "./pretty-lines.js";
import { writeLines } from "./write-lines.js";

const LOG_OPTIONS = {
  level: true,
  format: true,
  file: true,
  maxSize: true,
  files: true,
} satisfies OptionTable<LogOptions>;

/** A log whose level can be changed while it is used. Its owner closes it. */
export interface OpenLog extends Logger, AsyncDisposable {
  readonly level: LogLevelOption;
  /** Changes the lowest level that is written, from the next line on. @throws Error for an unknown level */
  setLevel(level: LogLevelOption): void;
  isLevelEnabled(level: string): boolean;
  /** The number of lines that could not be written, since it was opened. */
  readonly lost: number;
  /** Creates the file again if it was moved, as by logrotate; without this call, that takes up to 5 seconds. */
  reopen(): void;
  /** Resolves when the lines are in the file, or after 2 seconds. */
  close(): Promise<void>;
}

/** What a log uses of its process. */
interface LogProcess {
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Opens a log: JSON lines, or text for a person, to standard error or to a file. Values of fields such as `password` or `authorization`,
 * private keys, and passwords in URLs are replaced. The caller closes it.
 * @throws RpcError BAD_REQUEST for an invalid option, or a file that cannot be written; Error if pino-pretty is required and missing
 */
export async function openLog(options: LogOptions = {}): Promise<OpenLog> {
  try {
    return await openLogOf(process, options);
  } catch (error) {
    throw toBadRequest(error);
  }
}

/** As {@link openLog}, for a command. @throws OptionError, or Error if pino-pretty is missing */
export async function openLogOf(io: LogProcess, options: LogOptions): Promise<OpenLog> {
  const { level, format, file } = checkedLog(options);
  const pretty = await prettyFor(format, file === undefined, io);
  let lost = 0;
  const events: LogEvents = {
    onLost: () => {
      lost += 1;
    },
    onRecovered: (count) => {
      if (count > 0) log.warn({ lost: count }, "lines were lost");
    },
  };
  const stderr = new LineStream(io.stderr, file === undefined ? events : {});
  const lines = file === undefined ? stderr : openFile({ ...options, file }, stderr, events);
  const toText = pretty ?? (file === undefined && isJournal(io.stderr, io.env) ? withPriority : undefined);
  const write = (line: string): void => lines.write(toText === undefined ? line : toText(line));
  const logger = writeLines(level, write);
  const close = async (): Promise<void> => {
    await lines.close();
    await stderr.close();
  };
  const log: OpenLog = {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    isLevelEnabled: (name) => logger.isLevelEnabled(name),
    get level() {
      return logger.level as LogLevelOption;
    },
    setLevel: (next) => {
      logger.level = checkLevel(next);
    },
    get lost() {
      return lost;
    },
    reopen: () => {
      if (lines instanceof LineFile) lines.reopen();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
  return log;
}

/** Checks a log without opening it. @throws OptionError that names the invalid option, or the file that cannot be written */
export function checkLog(options: LogOptions): void {
  const { file } = checkedLog(options);
  if (file === undefined) return;
  checkFileName(file, "log");
  try {
    checkAppend(file);
  } catch (error) {
    throw unwritable(error);
  }
}

function checkedLog(options: LogOptions): Required<Pick<LogOptions, "level" | "format">> & Pick<LogOptions, "file"> {
  checkOptions(options, LOG_OPTIONS);
  const level = checkLevel(options.level ?? LOG_DEFAULTS.level);
  const format = oneOf("log.format", options.format ?? LOG_DEFAULTS.format, FORMATS);
  const { file, maxSize, files } = options;
  checkRotation("log", options);
  if (file === undefined && (maxSize ?? files) !== undefined) {
    throw new OptionError(`option log.${maxSize === undefined ? "files" : "maxSize"}: requires the option file`);
  }
  return { level, format, ...(file !== undefined && { file }) };
}

function unwritable(error: unknown): OptionError {
  return new OptionError(`the log cannot be written: ${errorMessage(error)}`, { cause: error });
}

/** @throws OptionError that names the nearest level */
function checkLevel(level: LogLevelOption): LogLevelOption {
  return oneOf("log.level", level, LEVELS);
}

function oneOf<T extends string>(option: string, value: T, known: readonly T[]): T {
  if (known.includes(value)) return value;
  const near = nearest(String(value), known);
  const hint = near === undefined ? `known values: ${known.join(", ")}` : `did you mean "${near}"?`;
  throw new OptionError(`option ${option}: unknown value "${printable(String(value), 60)}"; ${hint}`);
}

/** The formatter; undefined for JSON. */
async function prettyFor(
  format: LogFormat,
  toStderr: boolean,
  { stderr, env }: LogProcess,
): Promise<((line: string) => string) | undefined> {
  const isTerminal = toStderr && stderr.isTTY === true;
  if (format === "json" || (format === "auto" && !isTerminal)) return undefined;
  try {
    return await prettyLines({ color: hasColor(isTerminal, env) });
  } catch (error) {
    if (format === "pretty") throw error;
    return undefined;
  }
}

/** See no-color.org and force-color.org. */
function hasColor(isTerminal: boolean, { NO_COLOR, FORCE_COLOR, TERM }: LogProcess["env"]): boolean {
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== "") return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  return isTerminal && (NO_COLOR === undefined || NO_COLOR === "") && TERM !== "dumb";
}

/** What happens to the lines of a log. */
interface LogEvents {
  /** A line is lost. */
  readonly onLost: () => void;
  /** Lines can be written again, and `lost` of them are missing. */
  readonly onRecovered: (lost: number) => void;
}

/** Opens the file of a log, which reports its own failures on standard error. */
function openFile(
  { file, maxSize, files }: LogOptions & { readonly file: string },
  stderr: LineStream,
  { onLost, onRecovered }: LogEvents,
): LineFile {
  checkFileName(file, "log");
  const events: LineFileEvents = {
    onLost,
    onProblem: (message, error) =>
      stderr.write(`sshrpc: the log ${message}${error === undefined ? "" : ` (${errorMessage(error)})`}\n`),
    onRecovered: (lost) => {
      stderr.write(`sshrpc: the log can be written again; lines lost: ${lost}\n`);
      onRecovered(lost);
    },
  };
  try {
    return new LineFile({ file, mode: OWNER_ONLY, maxSize, files }, events);
  } catch (error) {
    void stderr.close();
    throw unwritable(error);
  }
}
