import { type Logger, SILENT } from "../base/log.js";

/** The logger of an option `log`: the given one, none for false, else pino at `level`, to standard error. */
export async function openLog(log: Logger | false | undefined, level: "info" | "warn"): Promise<Logger> {
  if (log !== undefined) return log === false ? SILENT : log;
  const { pino } = await import("pino");
  const logger: Logger = pino({ level }, pino.destination(2));
  return logger;
}
