import type { LogLevel } from "../base/log.js";

/** The lowest level of the lines that a log writes; `silent` for none. */
export type LogLevelOption = LogLevel | "silent";

/** The levels, from the one with most lines. */
export const LEVELS: readonly LogLevelOption[] = ["debug", "info", "warn", "error", "silent"];

/** How a log is written. */
export interface LogOptions {
  /** The lowest level that is written; `debug` has a line for each call, `silent` has none. Default: `info`. */
  readonly level?: LogLevelOption;
  /**
   * `json`: one JSON object in each line. `pretty`: for a person, which needs the package pino-pretty. `auto`: pretty at a terminal where
   * that package is installed, else JSON. Default: `auto`.
   */
  readonly format?: LogFormat;
  /**
   * A file that lines are appended to, mode 0600, which an existing file gets, too. When it is renamed or removed, as by logrotate, it is
   * created again within 5 seconds, and at SIGHUP. Default: standard error.
   */
  readonly file?: string;
  /**
   * Bytes after which the file is rotated: `log` becomes `log.1`, and that one `log.2`. At least 4,096. Default: never, which leaves rotation
   * to a program such as logrotate.
   */
  readonly maxSize?: number;
  /** Renamed files that a rotation keeps, beside the one that is written. Default: 5. */
  readonly files?: number;
}

/** See {@link LogOptions.format}. */
export type LogFormat = "auto" | "pretty" | "json";

/** The formats of a log. */
export const FORMATS: readonly LogFormat[] = ["auto", "pretty", "json"];

/** Defaults of {@link LogOptions}. */
export const LOG_DEFAULTS = { level: "info", format: "auto" } as const satisfies LogOptions;
