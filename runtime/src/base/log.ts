import { onRejected } from "./async/on-rejected.js";
import { OptionError } from "./check-options.js";
import { errorMessage } from "./error-message.js";

/** The logger interface of the runtime; a pino logger implements it. */
export interface Logger {
  debug(fields: object, message?: string): void;
  info(fields: object, message?: string): void;
  warn(fields: object, message?: string): void;
  error(fields: object, message?: string): void;
  /** Whether lines of a level are written; pino and winston have it. Only with it, a server writes a line for each call at `debug`. */
  isLevelEnabled?(level: string): boolean;
}

/** The levels of a {@link Logger}. */
export type LogLevel = Exclude<keyof Logger, "isLevelEnabled">;

/** Discards every line. */
export const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Whether a value has the methods of a logger. */
export function isLogger(value: unknown): value is Logger {
  const methods = (value ?? {}) as Partial<Record<LogLevel, unknown>>;
  return Object.keys(SILENT).every((level) => typeof methods[level as LogLevel] === "function");
}

/** The results of {@link safeLogger} for loggers with the method `setLevel`. */
const ADJUSTABLE = new WeakSet<Logger>();

/** Whether the level of a logger may change while a server uses it; see `openLog`. */
export function isAdjustable(log: Logger): boolean {
  return ADJUSTABLE.has(log);
}

/**
 * The logger of an option `log`, whose methods never throw: a failing logger must not affect calls or connections. False is none.
 * @throws OptionError if the value is not a logger
 */
export function safeLogger(log: Logger | false): Logger {
  if (log === false) return SILENT;
  if (!isLogger(log)) {
    throw new OptionError("option log: not a logger with the methods debug, info, warn and error, nor false");
  }
  const write = (level: LogLevel): Logger[LogLevel] => {
    // An asynchronous logger returns a promise.
    const attempt = (fields: object, message?: string): void =>
      onRejected(log[level](fields, message), () => undefined);
    return (fields, message) => {
      try {
        attempt(fields, message);
      } catch {
        try {
          // Perhaps it is the error that cannot be logged: its getters may throw.
          const { err, ...others } = fields as { readonly err?: unknown };
          if (err !== undefined) attempt({ ...others, reason: errorMessage(err) }, message);
        } catch {}
      }
    };
  };
  const { isLevelEnabled } = log;
  const safe: Logger = {
    ...{ debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") },
    ...(typeof isLevelEnabled === "function" && { isLevelEnabled: (level) => isLevelEnabled.call(log, level) }),
  };
  if ("setLevel" in log || ADJUSTABLE.has(log)) ADJUSTABLE.add(safe);
  return safe;
}

/** A logger that adds fields to every line, evaluated when the line is written. */
export function logWith(log: Logger, fieldsOf: () => object): Logger {
  const write =
    (level: LogLevel): Logger[LogLevel] =>
    (fields, message) =>
      log[level]({ ...fieldsOf(), ...fields }, message);
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}
