import type { AdapterOptions } from "../adapters/adapter-options.js";
import type { KorvLimits } from "../adapters/korv/korv-options.js";
import type { OptionTable } from "../base/check-options.js";
import { SERVE_OPTIONS, type ServeOptions } from "../compose/serve-options.js";
import type { HostKeySource } from "../ssh/keys/identity/host-key-source.js";
import { type CliIo, pathOf } from "./shared/io.js";

/** Options of {@link ServeOptions} that have a flag, with another name or another form. */
type FlagOptions = "host" | "port" | "hostKeys" | "log" | "exec" | "shell" | "korv" | "audit" | "proxyProtocol";

/**
 * The options of `sshrpc serve`: its flags, and for config files the options of {@link ServeOptions}. A value is as its flag gives it, or as in
 * a program.
 */
export interface ServeFlags extends Omit<ServeOptions, FlagOptions> {
  readonly handlers: string;
  readonly audit?: string | ServeOptions["audit"];
  readonly grace?: number;
  readonly stdio?: boolean;
  readonly scopes?: readonly string[];
  readonly forced?: boolean;
  readonly log?: string;
  readonly hostKey?: readonly HostKeySource[] | HostKeySource;
  readonly listen: string;
  readonly port: number;
  readonly proxyProtocol?: readonly string[];
  readonly korv?: boolean | Partial<KorvLimits>;
  readonly exec: NonNullable<ServeOptions["exec"]>;
  readonly shell?: ServeOptions["shell"] | string;
  readonly home: string;
}

/** Flags whose option in {@link ServeOptions} has another name. */
export const SERVE_ALIASES = { listen: "host", hostKey: "hostKeys" } as const;

const { log: _, ...others } = SERVE_OPTIONS;

/** The options of a program that a config file can set; `log` is that of `--log`. */
export const SERVE_FILE_OPTIONS = others satisfies OptionTable<Omit<ServeOptions, "log">>;

/** The options that each mode of `serve` takes from its flags by itself. */
const FROM_FLAGS = [
  ...(["host", "port", "hostKeys", "authorizedKeys", "revokedKeys"] as const),
  ...(["audit", "korv", "exec", "shell"] as const),
] satisfies (keyof ServeOptions)[];

type OtherOptions = Omit<Partial<ServeOptions>, (typeof FROM_FLAGS)[number] | "log">;

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

/** The audit log for `--audit`, or for the option of a program. */
export function auditFlag({ audit }: ServeFlags, io: CliIo): Pick<ServeOptions, "audit"> {
  if (audit === undefined) return {};
  if (typeof audit === "string") return { audit: { file: pathOf(io, audit) } };
  return { audit: audit && "file" in audit ? { ...audit, file: pathOf(io, audit.file) } : audit };
}
