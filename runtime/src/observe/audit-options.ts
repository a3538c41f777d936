import type { Logger } from "../base/log.js";

/** The audit trail of a server. */
export interface AuditOptions {
  /**
   * Gets one line for each connection, login, call and refusal: peer, address, method, status, duration, bytes and reason, never
   * requests or responses. A logger, such as one of pino, or a file. Default: none.
   */
  readonly audit?: Logger | AuditFile | false;
  /**
   * Lines of one key in 10 seconds, in the log and in the audit log, for refused calls, sessions, channels and forwardings; further
   * refusals are counted, and one line then has their numbers by status and method. Stuck handlers count as refusals. Ten times
   * as many lines are about connections, forwarded ones and listeners of one key, and new connections of one address. Calls that reach
   * their handler always have a line of their own. Default: 20.
   */
  readonly refusalLines?: number;
}

/**
 * A file of JSON lines, mode 0600, which an existing file gets, too. When it is renamed or removed, as by logrotate, it is created again within 5 seconds.
 */
export interface AuditFile {
  /** The path of the file, in an existing directory. */
  readonly file: string;
  /** `warn` writes only refusals, failures and lost connections. Default: `info`. */
  readonly level?: "info" | "warn";
  /**
   * Bytes after which the file is rotated: `audit.log` becomes `audit.log.1`, and that one `audit.log.2`. At least 4,096. Default: never, which
   * leaves rotation to a program such as logrotate.
   */
  readonly maxSize?: number;
  /** Renamed files that a rotation keeps, beside the one that is written. Default: 5. */
  readonly files?: number;
  /**
   * What happens while the file cannot be written, as on a full disk. Up to 16 MiB of lines wait in either case. `continue`: calls run;
   * further lines are lost, and a line has their number when the file can be written again. `refuse`: calls end with UNAVAILABLE before
   * their handler runs; no connection ends. Default: `continue`.
   */
  readonly onFull?: "continue" | "refuse";
}

/** The values of {@link AuditFile.onFull}. */
export const ON_FULL = ["continue", "refuse"] as const;
