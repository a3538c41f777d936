import { onRejected } from "../base/async/on-rejected.js";
import { checkOptions, OptionError, type OptionTable } from "../base/check-options.js";
import { toError } from "../base/error-message.js";
import { isLogger, type Logger, type LogLevel, SILENT } from "../base/log.js";
import { connectionFields } from "../base/observer/line-fields.js";
import type { Observer } from "../base/observer/observer.js";
import { printable } from "../base/printable.js";
import { wrongType } from "../base/wrong-type.js";
import type { RpcError } from "../contract/rpc-error.js";
import type { AuditFile, AuditOptions } from "./audit-options.js";
import { admittedCall, CALL, type Lines, lineObserver } from "./log-observer.js";

/** The audit log of a server. Its owner closes it. */
interface AuditLog {
  /** Writes the lines. Without an audit log it receives no event. */
  readonly observer: Observer;
  /** Returns why calls are refused at present, if the audit log may refuse some. */
  readonly refusal?: (() => RpcError | undefined) | undefined;
  /** Why lines cannot be written at present. */
  readonly failure?: (() => Error | undefined) | undefined;
  /** Creates its file again if it was moved. */
  reopen(): void;
  /** Resolves when all lines are written. */
  close(): Promise<void>;
}

const AUDIT_FILE = {
  file: true,
  level: true,
  maxSize: true,
  files: true,
  onFull: true,
} satisfies OptionTable<AuditFile>;

type Write = (level: LogLevel, fields: object, message: string) => void;

/**
 * Opens the audit log. The code that writes files is loaded only for a file.
 * @param log gets the errors of the audit log itself
 * @param lost called with the number of lines that are lost
 * @throws OptionError that names the invalid option, or the file that cannot be written
 */
export async function openAuditLog(
  { audit = false, refusalLines }: AuditOptions,
  log: Logger,
  lost: (count: number) => void = () => {},
): Promise<AuditLog> {
  checkAudit(audit);
  if (audit === false) return { observer: {}, reopen: () => {}, close: async () => {} };
  const onProblem = (message: string, error?: Error): void => log.error({ err: error }, message);
  const file = "file" in audit ? (await import("./audit-file.js")).openAuditFile(audit, log, lost) : undefined;
  let out = file?.log ?? (audit as Logger);
  const failed = (error: unknown): void => onProblem("the audit log could not be written", toError(error));
  let closed: Promise<void> | undefined;
  const { observer, flush } = auditLines((level, fields, message) => {
    try {
      onRejected(out[level](fields, message), failed);
    } catch (error) {
      failed(error);
    }
  }, refusalLines);
  return {
    observer,
    refusal: file?.refusal,
    failure: file?.failure,
    reopen: () => file?.reopen(),
    close: () => {
      flush();
      out = SILENT;
      closed ??= file?.close() ?? Promise.resolve();
      return closed;
    },
  };
}

/** @throws OptionError that names the invalid option */
function checkAudit(audit: NonNullable<AuditOptions["audit"]>): void {
  if (audit === false) return;
  if (typeof audit !== "object" || audit === null)
    throw new OptionError(`option audit: ${wrongType(audit, "a logger, { file } or false")}`);
  if ("file" in audit) checkOptions({ audit }, { audit: AUDIT_FILE });
  else if (!isLogger(audit)) {
    throw new OptionError("option audit: neither { file } nor a logger with the methods debug, info, warn and error");
  }
}

/** Checks an audit log without opening it. @throws OptionError that names the invalid option, or the file that cannot be written */
export async function checkAuditOptions({ audit = false }: AuditOptions): Promise<void> {
  checkAudit(audit);
  if (audit === false || !("file" in audit)) return;
  const { checkAuditFile } = await import("./audit-file.js");
  checkAuditFile(audit);
}

/**
 * The lines of the log without debug lines, and a line for each call. Events with a reason are warnings. Errors
 * and the fields of diagnostics are omitted: they are for the log, and may contain the content of calls. The reason of a failed call
 * is the text that its caller got.
 */
function auditLines(out: Write, refusalLines: number | undefined): Lines {
  const write: Write = (level, fields, message) => {
    if (level !== "debug") out(level === "info" && "reason" in fields ? "warn" : level, allPrintable(fields), message);
  };
  const { observer, refusals, flush } = lineObserver(write, refusalLines);
  const audited: Observer = {
    ...observer,
    keysReloaded: ({ list }) => write("info", {}, `${list} reloaded`),
    diagnostic: ({ level, message, ...event }) => {
      if (refusals.admit(event.peer, message)) write(level, connectionFields(event), message);
    },
    callEnded: (call) => {
      const fields = admittedCall(call, refusals);
      if (fields !== undefined) write(call.status === "OK" ? "info" : "warn", fields, CALL);
    },
  };
  return { observer: audited, refusals, flush };
}

/** Escapes every text, also within fields: peers and clients choose some of them. */
function allPrintable(fields: object): object {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, withPrintable(value)]));
}

function withPrintable(value: unknown): unknown {
  if (typeof value === "string") return printable(value);
  if (Array.isArray(value)) return value.map(withPrintable);
  return typeof value === "object" && value !== null ? allPrintable(value) : value;
}
