import { type Logger, safeLogger } from "../base/log.js";

/**
 * The logger of an option `log`: the given one, none for false, else pino at `level`, to standard error. It never throws.
 * @throws OptionError if the value is not a logger
 */
export async function openLog(log: Logger | false | undefined, level: "info" | "warn"): Promise<Logger> {
  if (log !== undefined) return safeLogger(log);
  const { pino } = await import("pino");
  return safeLogger(pino({ level }, pino.destination(2)));
}
