import { type Logger, safeLogger } from "../base/log.js";

/**
 * The logger of an option `log`: the given one, none for false, else the default one at `level`, to standard error. It never throws.
 * @throws OptionError if the value is not a logger
 */
export async function resolveLog(log: Logger | false | undefined, level: "info" | "warn"): Promise<Logger> {
  if (log !== undefined) return safeLogger(log);
  const { openLog } = await import("../observe/open-log.js");
  // Its level stays as it is: the caller does not get this logger.
  const { debug, info, warn, error, isLevelEnabled } = await openLog({ level });
  return safeLogger({ debug, info, warn, error, isLevelEnabled });
}
