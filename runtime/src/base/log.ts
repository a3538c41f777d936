/** The logger interface of the runtime; a pino logger implements it. */
export interface Logger {
  debug(fields: object, message?: string): void;
  info(fields: object, message?: string): void;
  warn(fields: object, message?: string): void;
  error(fields: object, message?: string): void;
}

/** The levels of a {@link Logger}. */
export type LogLevel = keyof Logger;

/** Discards every line. */
export const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** A logger whose lines `write` gets. */
export function loggerOf(write: (level: LogLevel, fields: object, message?: string) => void): Logger {
  return {
    debug: (fields, message) => write("debug", fields, message),
    info: (fields, message) => write("info", fields, message),
    warn: (fields, message) => write("warn", fields, message),
    error: (fields, message) => write("error", fields, message),
  };
}

/** A logger that adds fields to every line, evaluated when the line is written. */
export function logWith(log: Logger, fieldsOf: () => object): Logger {
  return loggerOf((level, fields, message) => log[level]({ ...fieldsOf(), ...fields }, message));
}
