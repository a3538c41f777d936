import type { ServeFlags } from "./serve/serve-flags.js";

/** A value of a flag in a config file: of its type, or the text that follows the flag. */
type Value<T> = T | (T extends number ? string : never) | (T extends readonly string[] ? string : never);

/** Options of `sshrpc serve`: those of its flags, and those of `serve()` in a program. */
export type ServeConfig = { readonly [Name in keyof Omit<ServeFlags, "stdio" | "check">]?: Value<ServeFlags[Name]> };

/** Options of `sshrpc gen` and `sshrpc dev`. */
export interface GenConfig {
  /** The schema module. Default: `schema/api.ts`. */
  readonly schema?: string;
  /** The folder for generated files. Default: `generated`. */
  readonly out?: string;
  /** Whether declarations have maps, with which editors go to the schema. Default: true. */
  readonly declarationMap?: boolean;
  /** The time limit for top-level awaits of the schema module, in ms. Default: 10000. */
  readonly loadTimeout?: number | string;
}

/** Options of `sshrpc lint`. */
export interface LintConfig {
  /** Levels of rules, where they differ from their default. */
  readonly rules?: Readonly<Record<string, "error" | "warn" | "off">>;
  readonly ignore?: readonly { readonly rule: string; readonly path: string; readonly reason: string }[];
  readonly maxWarnings?: number | string;
}

/** Options of `sshrpc call` and of other commands for a running server. */
export interface ServerConfig {
  readonly via?: "ssh2" | "ssh";
  readonly jump?: string;
  readonly identity?: string;
  readonly knownHosts?: string;
  readonly timeout?: number | string;
  readonly json?: boolean;
}

/** Any other options of a command, by the names of its flags: `authorizedKeys` for `--authorized-keys`. */
type Section = { readonly [option: string]: unknown };

/**
 * A config file of `sshrpc`. Options at the top are those of every command that has them; those of a command, in a section of its name,
 * take precedence. Paths are relative to the file.
 */
export interface Config extends Omit<ServeConfig, "log">, GenConfig, ServerConfig {
  readonly serve?: ServeConfig;
  readonly gen?: GenConfig & Section;
  readonly dev?: GenConfig & { readonly handlers?: string };
  readonly lint?: LintConfig & Section;
  readonly diff?: Section;
  readonly call?: ServerConfig & Section;
  readonly contract?: ServerConfig & Section;
  readonly ping?: ServerConfig & Section;
  readonly keys?: Section;
}

/** Returns its argument, whose names and types an editor then checks: `export default defineConfig({ … })`. */
export function defineConfig(config: Config): Config {
  return config;
}
