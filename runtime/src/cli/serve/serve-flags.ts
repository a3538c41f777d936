import type { AdapterOptions } from "../../adapters/adapter-options.js";
import type { KorvLimits } from "../../adapters/korv/korv-options.js";
import type { OptionTable } from "../../base/check-options.js";
import { SERVE_OPTIONS, type ServeOptions } from "../../compose/serve-options.js";
import type { AuditFile } from "../../observe/audit-options.js";
import type { LogFormat, LogLevelOption, LogOptions } from "../../observe/log-options.js";
import type { HostKeySource } from "../../ssh/keys/identity/host-key-source.js";
import { type CliIo, pathOf } from "../shared/io.js";

/** Options of {@link ServeOptions} that have a flag, with another name or another form. */
type FlagOptions =
  | "host"
  | "port"
  | "hostKeys"
  | "log"
  | "exec"
  | "shell"
  | "korv"
  | "audit"
  | "ledger"
  | "proxyProtocol"
  | "sockets";

/**
 * The options of `sshrpc serve`: its flags, and for config files the options of {@link ServeOptions}. A value is as its flag gives it, or as in
 * a program.
 */
export interface ServeFlags extends Omit<ServeOptions, FlagOptions> {
  readonly handlers: string;
  readonly keepGoing?: boolean;
  readonly importTimeout?: number;
  readonly audit?: string | ServeOptions["audit"];
  readonly auditMaxSize?: number;
  readonly auditFiles?: number;
  readonly auditOnFull?: "continue" | "refuse";
  readonly ledger?: ServeOptions["ledger"];
  readonly ledgerKeeps?: number;
  readonly metrics?: string;
  readonly grace?: number;
  readonly shutdownDelay?: number;
  readonly takeover?: boolean;
  readonly runtimeDirectory?: string;
  readonly processes?: number;
  readonly stdio?: boolean;
  readonly scopes?: readonly string[];
  readonly forced?: boolean;
  readonly log?: string;
  readonly logLevel?: LogLevelOption;
  readonly logFormat?: LogFormat;
  readonly logMaxSize?: number;
  readonly logFiles?: number;
  readonly hostKey?: readonly HostKeySource[] | HostKeySource;
  readonly listen: string;
  readonly port: number;
  readonly proxyProtocol?: readonly string[];
  readonly korv?: boolean | Partial<KorvLimits>;
  readonly exec: NonNullable<ServeOptions["exec"]>;
  readonly shell?: ServeOptions["shell"] | string;
  readonly home: string;
  readonly brief?: true;
  readonly check?: true;
}

/** Flags whose option in {@link ServeOptions} has another name. */
export const SERVE_ALIASES = { listen: "host", hostKey: "hostKeys" } as const;

// The command has sockets of its own, which its processes and takeovers share.
const { log: _log, sockets: _sockets, ...others } = SERVE_OPTIONS;

/** The options of a program that a config file can set; `log` is that of `--log`. */
export const SERVE_FILE_OPTIONS = others satisfies OptionTable<Omit<ServeOptions, "log" | "sockets">>;

/** The options that each mode of `serve` takes from its flags by itself. */
const FROM_FLAGS = [
  ...(["host", "port", "hostKeys", "authorizedKeys", "revokedKeys"] as const),
  ...(["audit", "korv", "exec", "shell", "ledger"] as const),
] satisfies (keyof ServeOptions)[];

type OtherOptions = Omit<Partial<ServeOptions>, (typeof FROM_FLAGS)[number] | "log" | "sockets">;

/** The other options, as far as a table of options has them. */
export function otherOptions(flags: ServeFlags, table: object): OtherOptions {
  const isOther = (name: string): boolean =>
    Object.hasOwn(SERVE_FILE_OPTIONS, name) && !FROM_FLAGS.some((one) => one === name);
  return Object.fromEntries(Object.entries(flags).filter(([name]) => isOther(name) && Object.hasOwn(table, name)));
}

/** The adapter options for `--no-exec`, `--shell` and `--no-shell`, which both modes of `serve` accept. */
export function adapterFlags({ exec, shell = true }: ServeFlags): Required<Pick<AdapterOptions, "exec" | "shell">> {
  return { exec, shell: typeof shell === "string" ? { run: shell } : shell };
}

/** The audit log for `--audit` and the flags that begin with it, or for the option of a program. */
export function auditFlags(flags: ServeFlags, io: CliIo): Pick<ServeOptions, "audit"> {
  const { audit, auditMaxSize: maxSize, auditFiles: files, auditOnFull: onFull } = flags;
  if (audit === undefined) return {};
  const given: AuditFile | ServeOptions["audit"] = typeof audit === "string" ? { file: audit } : audit;
  if (!given || !("file" in given)) return { audit: given };
  const file: AuditFile = {
    ...given,
    file: pathOf(io, given.file),
    ...(maxSize !== undefined && { maxSize }),
    ...(files !== undefined && { files }),
    ...(onFull !== undefined && { onFull }),
  };
  return { audit: file };
}

/** The ledger for `--ledger` and `--ledger-keeps`, or for the option of a program. */
export function ledgerFlags({ ledger, ledgerKeeps: keeps }: ServeFlags, io: CliIo): Pick<ServeOptions, "ledger"> {
  if (ledger === false || (ledger !== undefined && "begin" in ledger)) return { ledger };
  const { file, ...others } = ledger ?? {};
  return {
    ledger: { ...others, ...(file !== undefined && { file: pathOf(io, file) }), ...(keeps !== undefined && { keeps }) },
  };
}

/** The options of the log for `--log` and the flags that begin with it. */
export function logFlags(flags: ServeFlags, io: CliIo): LogOptions {
  const { log, logLevel: level, logFormat: format, logMaxSize: maxSize, logFiles: files } = flags;
  return {
    ...(log !== undefined && { file: pathOf(io, log) }),
    ...(maxSize !== undefined && { maxSize }),
    ...(files !== undefined && { files }),
    ...(level !== undefined && { level }),
    ...(format !== undefined && { format }),
  };
}
