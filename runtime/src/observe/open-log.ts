import type { Writable } from "node:stream";
import { checkOptions, OptionError, type OptionTable } from "../base/check-options.js";
import { errorMessage } from "../base/error-message.js";
import type { Logger } from "../base/log.js";
import { nearest } from "../base/nearest.js";
import { checkFileName, printable } from "../base/printable.js";
import { toBadRequest } from "../contract/option-errors.js";
import { LineFile } from "./line-file.js";
import { FORMATS, LEVELS, LOG_DEFAULTS, type LogFormat, type LogLevelOption, type LogOptions } from "./log-options.js";
import { prettyLines } from "./pretty-lines.js";
import { writeLines } from "./write-lines.js";

const LOG_OPTIONS = { level: true, format: true, file: true } satisfies OptionTable<LogOptions>;

/** A log whose level can be changed while it is used. Its owner closes it. */
export interface OpenLog extends Logger, AsyncDisposable {
  readonly level: LogLevelOption;
  /** Changes the lowest level that is written, from the next line on. @throws Error for an unknown level */
  setLevel(level: LogLevelOption): void;
  isLevelEnabled(level: string): boolean;
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
  checkOptions(options, LOG_OPTIONS);
  const level = checkLevel(options.level ?? LOG_DEFAULTS.level);
  const format = oneOf("log.format", options.format ?? LOG_DEFAULTS.format, FORMATS);
  const { file } = options;
  const toStderr = (line: string): void => void io.stderr.write(line);
  const lines =
    file === undefined
      ? undefined
      : openFile(
          file,
          (text) => toStderr(text),
          () => log,
        );
  const pretty = await prettyFor(format, file === undefined, io);
  const write = lines === undefined ? toStderr : (line: string) => lines.write(line);
  const logger = writeLines(level, pretty === undefined ? write : (line) => write(pretty(line)));
  const close = async (): Promise<void> => lines?.close();
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
    close,
    [Symbol.asyncDispose]: close,
  };
  return log;
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

/** Opens the file of a log, which reports its own failures on standard error. */
function openFile(file: string, report: (text: string) => void, log: () => Logger): LineFile {
  checkFileName(file, "log");
  try {
    return new LineFile(
      { file },
      {
        onProblem: (message, error) =>
          report(`sshrpc: the log ${message}${error === undefined ? "" : ` (${errorMessage(error)})`}\n`),
        onRecovered: (lost) => {
          report(`sshrpc: the log can be written again; lines lost: ${lost}\n`);
          if (lost > 0) log().warn({ lost }, "lines were lost");
        },
      },
    );
  } catch (error) {
    throw new OptionError(`the log cannot be written: ${errorMessage(error)}`, { cause: error });
  }
}
