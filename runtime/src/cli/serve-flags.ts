import type { AdapterOptions } from "../adapters/adapter-options.js";
import type { KorvLimits } from "../adapters/korv/korv-options.js";
import type { AuditFile, AuditOptions } from "../observe/audit-options.js";
import type { LogFormat, LogLevelOption, LogOptions } from "../observe/log-options.js";
import { type CliIo, pathOf } from "./shared/io.js";

/** The flags of `sshrpc serve`. */
export interface ServeFlags {
  readonly handlers: string;
  readonly audit?: string;
  readonly auditMaxSize?: number;
  readonly auditFiles?: number;
  readonly auditOnFull?: "continue" | "refuse";
  readonly grace?: number;
  readonly stdio?: boolean;
  readonly scopes?: readonly string[];
  readonly forced?: boolean;
  readonly log?: string;
  readonly logLevel?: LogLevelOption;
  readonly logFormat?: LogFormat;
  readonly hostKey?: readonly string[];
  readonly authorizedKeys?: string;
  readonly revokedKeys?: string;
  readonly listen: string;
  readonly port: number;
  readonly proxyProtocol?: readonly string[];
  readonly korv?: true | Partial<KorvLimits>;
  readonly exec: boolean;
  readonly shell: boolean | string;
  readonly home: string;
  readonly brief?: true;
}

/** The adapter options for `--no-exec`, `--shell` and `--no-shell`, which both modes of `serve` accept. */
export function adapterFlags({ exec, shell }: ServeFlags): Pick<AdapterOptions, "exec" | "shell"> {
  return { exec, shell: typeof shell === "string" ? { run: shell } : shell };
}

/** The options of the audit log for `--audit` and the flags that begin with it. */
export function auditFlags(flags: ServeFlags, io: CliIo): Pick<AuditOptions, "audit"> {
  const { audit, auditMaxSize: maxSize, auditFiles: files, auditOnFull: onFull } = flags;
  if (audit === undefined) return {};
  const file: AuditFile = {
    file: pathOf(io, audit),
    ...(maxSize !== undefined && { maxSize }),
    ...(files !== undefined && { files }),
    ...(onFull !== undefined && { onFull }),
  };
  return { audit: file };
}

/** The options of the log for `--log`, `--log-level` and `--log-format`. */
export function logFlags({ log, logLevel: level, logFormat: format }: ServeFlags, io: CliIo): LogOptions {
  return {
    ...(log !== undefined && { file: pathOf(io, log) }),
    ...(level !== undefined && { level }),
    ...(format !== undefined && { format }),
  };
}
