import type { Logger } from "../../base/log.js";

/** A logger that adds fields to every line, evaluated when the line is written. */
export function logWith(log: Logger, fieldsOf: () => object): Logger {
  return {
    debug: (fields, message) => log.debug({ ...fieldsOf(), ...fields }, message),
    info: (fields, message) => log.info({ ...fieldsOf(), ...fields }, message),
    warn: (fields, message) => log.warn({ ...fieldsOf(), ...fields }, message),
    error: (fields, message) => log.error({ ...fieldsOf(), ...fields }, message),
  };
}
