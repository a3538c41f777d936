import { pino } from "pino";
import type { LogLevelOption } from "./log-options.js";
import { redactLine } from "./redact.js";

/** A pino logger of this package: time and level as text first, then the fields, the message last; without secrets. */
export function writeLines(level: LogLevelOption, write: (line: string) => void): pino.Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => write(redactLine(line)) },
  );
}
