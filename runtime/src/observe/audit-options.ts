import type { Logger } from "../base/log.js";

/** Where a server writes down who came, and what they were given and refused. */
export interface AuditOptions {
  /**
   * Takes one line for each connection, login, call, and refusal: who, from where, what, with which outcome, how long, and
   * how many bytes; never what was said. A logger, such as one of pino with a transport that rotates; or a file. Default:
   * nowhere.
   */
  readonly audit?: Logger | AuditFile | false;
}

/**
 * A file of JSON lines that only its owner reads. When it is renamed or removed, as logrotate does, it is made anew within
 * five seconds.
 */
export interface AuditFile {
  /** Its folder must exist. */
  readonly file: string;
  /** `warn` leaves out what went well: only refusals, failures and losses are written. Default: `info`. */
  readonly level?: "info" | "warn";
}
