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

/** A logger that adds fields to every line, evaluated when the line is written. */
export function logWith(log: Logger, fieldsOf: () => object): Logger {
  const write =
    (level: LogLevel): Logger[LogLevel] =>
    (fields, message) =>
      log[level]({ ...fieldsOf(), ...fields }, message);
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}
