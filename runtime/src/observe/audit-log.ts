import { checkOptions, OptionError, type OptionTable } from "../base/check-options.js";
import { type Logger, type LogLevel, loggerOf, SILENT } from "../base/log.js";
import type { Peer } from "../base/peer.js";
import { printable } from "../base/printable.js";
import type { ServedCall } from "../server/api-server-options.js";
import type { AuditFile, AuditOptions } from "./audit-options.js";

/** The audit log of a server. Its owner closes it. */
interface AuditLog {
  /** A logger that writes each line to `log`, and with the fields of an audit to the audit log. */
  with(log: Logger): Logger;
  /** A listener that writes each call to the audit log and then calls `next`; undefined where there is neither. */
  onCall(next?: (call: ServedCall) => void): ((call: ServedCall) => void) | undefined;
  /** Resolves when all lines are written. */
  close(): Promise<void>;
}

const AUDIT_FILE = { file: true, level: true } satisfies OptionTable<AuditFile>;

type AuditLevel = Exclude<LogLevel, "debug">;
type Write = (level: AuditLevel, fields: object, message?: string) => void;

/** The fields of audit lines: numbers and short texts. All other fields are omitted. */
const FIELDS = new Set([
  ...["connection", "call", "address", "user", "fingerprint", "keyName", "keyId", "serial", "authority", "authMethods"],
  ...["method", "status", "scopes", "reason", "kind", "to", "on", "from", "port", "source", "omitted"],
  ...["milliseconds", "bytesIn", "bytesOut"],
]);

/**
 * Opens the audit log. The code that writes files is loaded only for a file.
 * @param log gets the errors of the audit log itself
 * @throws OptionError that names the invalid option, or the file that cannot be written
 */
export async function openAuditLog({ audit = false }: AuditOptions, log: Logger): Promise<AuditLog> {
  if (audit === false) return { with: (same) => same, onCall: (next) => next, close: async () => {} };
  if (typeof audit !== "object") throw new OptionError(`audit: ${typeof audit}: must be a logger, { file }, or false`);
  const onProblem = (message: string, error?: Error): void => log.error({ err: error }, message);
  if ("file" in audit) checkOptions({ audit }, { audit: AUDIT_FILE });
  const file = "file" in audit ? (await import("./audit-file.js")).openAuditFile(audit, onProblem) : undefined;
  let out = file?.log ?? (audit as Logger);
  let closed: Promise<void> | undefined;
  const write: Write = (level, fields, message) => {
    try {
      out[level](fields, message);
    } catch (error) {
      onProblem("the audit log could not be written", error as Error);
    }
  };
  const writeCall = callWriter(write);
  return {
    with: (other) => tee(other, write),
    onCall: (next) => (call) => {
      writeCall(call);
      return next?.(call);
    },
    close: () => {
      out = SILENT;
      closed ??= file?.close() ?? Promise.resolve();
      return closed;
    },
  };
}

/** Writes the line of each call, numbered per connection. */
function callWriter(write: Write): (call: ServedCall) => void {
  const numbers = new WeakMap<Peer, number>();
  return ({ peer, method, status, milliseconds, bytesIn, bytesOut }) => {
    const number = (numbers.get(peer) ?? 0) + 1;
    numbers.set(peer, number);
    const { connectionId } = peer;
    const fields = {
      ...(connectionId !== undefined && { connection: connectionId, call: `${connectionId}.${number}` }),
      ...peerFields(peer),
      method: printable(method),
      status,
      milliseconds: Math.round(milliseconds * 10) / 10,
      bytesIn,
      bytesOut,
    };
    write(status === "OK" ? "info" : "warn", fields, "call");
  };
}

function peerFields({ address, user, fingerprint, keyName, certificate }: Peer): object {
  return {
    address,
    user,
    fingerprint,
    keyName,
    ...(certificate && { keyId: certificate.keyId, serial: certificate.serial }),
  };
}

/** Writes each line to both. The audit log has no debug lines, and takes an info line with a reason for a warning. */
function tee(log: Logger, write: Write): Logger {
  return loggerOf((level, fields, message) => {
    log[level](fields, message);
    if (level === "debug") return;
    write(level === "info" && "reason" in fields ? "warn" : level, auditFields(fields), message);
  });
}

function auditFields(fields: object): object {
  const entries = Object.entries(fields).filter(([name]) => FIELDS.has(name));
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === "string" ? printable(value) : value]),
  );
}
