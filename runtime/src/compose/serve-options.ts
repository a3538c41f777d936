import type { AdapterOptions } from "../adapters/adapter-options.js";
import type { OptionTable } from "../base/check-options.js";
import type { Logger } from "../base/log.js";
import type { AuditOptions } from "../observe/audit-options.js";
import type { ApiServerOptions } from "../server/api-server-options.js";
import type { ListenOptions } from "../ssh/server/listen-options.js";
import {
  ADAPTER_OPTIONS,
  API_SERVER_OPTIONS,
  AUDIT_OPTIONS,
  AUTH_OPTIONS,
  FORWARDING_OPTIONS,
  GUARD_OPTIONS,
  HOST_KEYS,
} from "./option-tables.js";

/** Options of a server over SSH. */
export interface ServeOptions
  extends ApiServerOptions,
    AuditOptions,
    AdapterOptions,
    Omit<ListenOptions, "observer" | "scopes" | "ident" | "accounts" | "siblings"> {
  /** The server's logger; false for none. Default: that of `openLog`, at level `info`, to standard error. */
  readonly log?: Logger | false;
}

/** The known options of a server over SSH. */
export const SERVE_OPTIONS = {
  ...API_SERVER_OPTIONS,
  ...AUDIT_OPTIONS,
  ...ADAPTER_OPTIONS,
  ...AUTH_OPTIONS,
  ...FORWARDING_OPTIONS,
  ...GUARD_OPTIONS,
  host: true,
  port: true,
  hostKeys: HOST_KEYS,
  maxChannels: true,
  sockets: true,
  log: true,
} satisfies OptionTable<ServeOptions>;

// A process for each session has no ledger: it would know no key of another session.
const { ledger: _, ...STDIO_SERVER_OPTIONS } = API_SERVER_OPTIONS;

/** Options of a server over standard input and output, which has no ledger of idempotency keys. */
export interface ServeStdioOptions
  extends Omit<ApiServerOptions, "ledger">,
    AuditOptions,
    Pick<AdapterOptions, "exec" | "shell"> {
  /** Scopes of the peer, or patterns such as `notes:*`. Default: none, which permits the methods without a scope. */
  readonly scopes?: readonly string[];
  /**
   * Set this if sshd starts the process as a forced command: a session without a command, such as `ssh -T edge`, is then a
   * shell that reads one command per line. Default: false, for a Subsystem: such a session then speaks the native wire. The
   * environment that sshd sets is the same in both cases.
   */
  readonly forced?: boolean;
  /** Grace in ms for running calls at SIGTERM, SIGHUP or SIGINT. Default: 5,000. */
  readonly grace?: number;
  /**
   * The server's logger; false for none. Default: errors go to syslog, by `logger`; for the native wire, lines from level `info` on
   * also go to standard error, which sshd discards. For a command or a shell standard error is the caller's.
   */
  readonly log?: Logger | false;
}

/** The known options of a server over standard input and output. */
export const SERVE_STDIO_OPTIONS = {
  ...STDIO_SERVER_OPTIONS,
  ...AUDIT_OPTIONS,
  exec: ADAPTER_OPTIONS.exec,
  shell: ADAPTER_OPTIONS.shell,
  scopes: true,
  forced: true,
  grace: true,
  log: true,
} satisfies OptionTable<ServeStdioOptions>;

/** The options that a running server takes, by name, and for those of `limits` with it. */
export const RELOADABLE: readonly string[] = [
  ...["perKey", "maxConnections", "limits.calls", "limits.bytes", "limits.serverCalls", "limits.serverBytes"],
  ...["loginGrace", "maxStartups", "perSource", "penalties", "exemptSources", "proxyProtocol", "maxPreAuthBytes"],
  ...["maxRefusals", "maxRequests", "maxSendBuffer", "rekeyBytes", "rekeyInterval", "rekeyTimeout", "idleTimeout"],
];
