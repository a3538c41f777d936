import type { Logger } from "../../base/log.js";

/** A log whose lines have these fields, too, as they are when the line is written. */
export function logWith(log: Logger, common: () => object): Logger {
  return {
    debug: (fields, message) => log.debug({ ...common(), ...fields }, message),
    info: (fields, message) => log.info({ ...common(), ...fields }, message),
    warn: (fields, message) => log.warn({ ...common(), ...fields }, message),
    error: (fields, message) => log.error({ ...common(), ...fields }, message),
  };
}
