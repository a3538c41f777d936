import { type Logger, SILENT } from "../base/log.js";
import type { Peer } from "../base/peer.js";
import { printable } from "../base/printable.js";
import type { ServedCall } from "../server/api-server-options.js";
import type { AuditOptions } from "./audit-options.js";

/** The audit log of a server. Whoever opened it closes it. */
export interface AuditLog {
  /** A log that writes each line twice: to `log` as it is, and down here, without what does not belong here. */
  with(log: Logger): Logger;
  /** Writes a call down, and tells `also`; undefined where there is nobody to tell. */
  onCall(also?: (call: ServedCall) => void): ((call: ServedCall) => void) | undefined;
  /** Resolves when all lines are written. */
  close(): Promise<void>;
}

/** What is written down of a line: figures and short texts, of these names alone. */
const FIELDS = new Set([
  ...["connection", "call", "address", "user", "fingerprint", "keyName", "keyId", "serial", "authority", "authMethods"],
  ...["method", "status", "scopes", "reason", "kind", "to", "on", "from", "port", "source", "omitted"],
  ...["milliseconds", "bytesIn", "bytesOut"],
]);

/**
 * Opens the audit log. What writes files is loaded only for one: most servers have none.
 * @throws Error that names the option or the file at fault
 */
export async function openAuditLog({ audit = false }: AuditOptions, log: Logger): Promise<AuditLog> {
  if (audit === false) return { with: (same) => same, onCall: (also) => also, close: async () => {} };
  if (typeof audit !== "object") throw new Error("the option audit takes a logger, { file }, or false");
  const problem = (message: string, error?: Error): void => log.error({ err: error }, message);
  const file = "file" in audit ? (await import("./audit-file.js")).openAuditFile(audit, problem) : undefined;
  let out = file?.log ?? (audit as Logger);
  let closed: Promise<void> | undefined;
  const calls = new WeakMap<Peer, number>();
  const write = (level: "info" | "warn" | "error", fields: object, message?: string): void => {
    try {
      out[level](fields, message);
    } catch (error) {
      problem("the audit log could not be written", error as Error);
    }
  };
  const writeCall = ({ peer, method, status, milliseconds, bytesIn, bytesOut }: ServedCall): void => {
    const number = (calls.get(peer) ?? 0) + 1;
    calls.set(peer, number);
    const { connectionId } = peer;
    const fields = {
      ...(connectionId !== undefined && { connection: connectionId, call: `${connectionId}.${number}` }),
      ...whoIs(peer),
      method: printable(method),
      status,
      milliseconds: Math.round(milliseconds * 10) / 10,
      bytesIn,
      bytesOut,
    };
    write(status === "OK" ? "info" : "warn", fields, "call");
  };
  return {
    with: (other) => both(other, write),
    onCall: (also) => (call) => {
      writeCall(call);
      return also?.(call);
    },
    close: () => {
      out = SILENT;
      closed ??= file?.close() ?? Promise.resolve();
      return closed;
    },
  };
}

type Write = (level: "info" | "warn" | "error", fields: object, message?: string) => void;

function whoIs({ address, user, fingerprint, keyName, certificate }: Peer): object {
  return {
    address,
    user,
    fingerprint,
    keyName,
    ...(certificate && { keyId: certificate.keyId, serial: certificate.serial }),
  };
}

/** Debugging is no business of an audit; what has a reason did not go well. */
function both(log: Logger, write: Write): Logger {
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => {
      log.info(fields, message);
      write("reason" in fields ? "warn" : "info", chosen(fields), message);
    },
    warn: (fields, message) => {
      log.warn(fields, message);
      write("warn", chosen(fields), message);
    },
    error: (fields, message) => {
      log.error(fields, message);
      write("error", chosen(fields), message);
    },
  };
}

function chosen(fields: object): object {
  const entries = Object.entries(fields).filter(([name]) => FIELDS.has(name));
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === "string" ? printable(value) : value]),
  );
}
