import { setFlagsFromString } from "node:v8";
import type { Command } from "commander";
import ms from "ms";
import { printable } from "../base/printable.js";
import { SERVE_STDIO_OPTIONS } from "../compose/serve-options.js";
import { SIGNAL_GRACE } from "../server/check-grace.js";
import { addTableOptions } from "./config/config-options.js";
import { type Setting, type Settings, settingsOf } from "./config/settings.js";
import { SERVE_ALIASES, SERVE_FILE_OPTIONS, type ServeFlags } from "./serve-flags.js";
import { durationFrom, parseFileName, parseKorvLimits, parsePort } from "./shared/arguments.js";
import { DEFAULTS } from "./shared/defaults.js";
import { UsageError } from "./shared/failure.js";
import type { CliIo } from "./shared/io.js";

/** `sshrpc serve --handlers FILE`: a server that listens on a port, or with --stdio one session started by sshd. */
export function defineServe(command: Command, io: CliIo): void {
  command
    .option("--stdio", "serve one session on standard input and output, for Subsystem or command= of sshd")
    .option(
      "--scopes <list>",
      "with --stdio: scopes granted to the caller, such as notes:*,time:read (default: none)",
      toList,
    )
    .option("--forced", "with --stdio: for command= or ForceCommand of sshd; a session without a command is a shell")
    .option(
      "--log <file>",
      "with --stdio: log file (default: errors go to syslog), because sshd discards the standard error of a subsystem",
      parseFileName,
    )
    .option("--handlers <file>", "module whose default export is defineHandlers({ … }); required", parseFileName)
    .option(
      "--host-key <file>",
      "private host key; repeat it for keys of other types (default: the one in --home, created at first start)",
      (file: string, earlier: readonly string[] = []) => [...earlier, file],
    )
    .option(
      "--authorized-keys <file>",
      "authorized keys (default: the file in --home, created at first start)",
      parseFileName,
    )
    .option(
      "--revoked-keys <file>",
      "revoked keys and certificates: a list of keys, or a KRL made by ssh-keygen -k",
      parseFileName,
    )
    .option("--listen <address>", "address to listen on; 0.0.0.0 or :: for all", DEFAULTS.host)
    .option("--port <number>", "port to listen on; 0 for a free port", parsePort, DEFAULTS.port)
    .option(
      "--proxy-protocol <networks...>",
      "trusted senders of the PROXY protocol (CIDR), such as 10.0.0.0/8 (default: none)",
    )
    .option("--no-exec", "disable commands: ssh HOST GET /notes")
    .option("--shell <command>", "command to run for logins without one, such as GET /weblog")
    .option("--no-shell", "disable the interactive shell: ssh -t HOST")
    .option(
      "--korv [limits]",
      `accept clients of the Python framework korv; with limits, such as calls=64,decompressed=8388608`,
      parseKorvLimits,
    )
    .option("--audit <file>", "audit log file: connections, logins, calls and refusals", parseFileName)
    .option("--home <directory>", "directory for files that no other option names", parseFileName, DEFAULTS.home)
    .option(
      "--grace <duration>",
      `time for running calls to finish after SIGTERM (default: ${ms(SIGNAL_GRACE)})`,
      durationFrom(0),
    )
    .allowExcessArguments()
    .action((flags: ServeFlags, { args: [excess] }: Command) => {
      const settings = settingsOf(command);
      // Not by requiredOption, which would hide a misspelled option behind a missing one.
      if (flags.handlers === undefined && settings.fault === undefined)
        command.error("error: required option '--handlers <file>' not specified");
      return serve(flags, { io, settings, excess });
    });
  addTableOptions(command, SERVE_FILE_OPTIONS, SERVE_ALIASES);
}

/**
 * Lets the heap grow to five times its live size before a full garbage collection. V8 counts the memory of buffers, and the
 * heap of a server is small, so a file transfer triggered a full collection every few hundred packets, at half of its CPU
 * time (measured with bench/exec.js). The heap limit does not change.
 */
function tuneGc(): void {
  setFlagsFromString("--heap-growing-percent=400");
}

/** The client gets this text, so it names no files. */
const EXPANDED =
  "unexpected arguments, as a shell expands --scopes * to file names; quote the scopes in sshd_config or authorized_keys: --scopes '*'";

/** Each mode is loaded only when it is used. */
async function serve(
  flags: ServeFlags,
  { io, settings, excess }: { readonly io: CliIo; readonly settings: Settings; readonly excess: string | undefined },
): Promise<void> {
  checkSettings(settings);
  tuneGc();
  if (flags.stdio) {
    const { serveOverStdio } = await import("./serve-stdio.js");
    return serveOverStdio(flags, io, excess === undefined ? faultOf(settings) : new UsageError(EXPANDED));
  }
  if (excess !== undefined) throw new UsageError(`unexpected argument ${printable(JSON.stringify(excess))}`);
  const { serveOnPort } = await import("./serve-on-port.js");
  return serveOnPort({ settings, checkSettings }, io);
}

/** The client gets the message, without names of files; the log has the cause. */
function faultOf({ fault }: Settings): Error | undefined {
  return fault && new Error("the config file of the server is invalid", { cause: fault });
}

/** Flags of the mode with --stdio alone. */
const STDIO_ALONE: readonly string[] = ["scopes", "forced", "log"];

/**
 * Rejects options without effect, because an ignored option of security would be dangerous.
 * @throws UsageError that names both sources
 */
function checkSettings(settings: Settings): void {
  const isStdio = settings.given("stdio") !== undefined;
  const given = settings.all.flatMap(({ option }) => settings.given(option.key) ?? []);
  const hasEffect = ({ option: { key, table = {} } }: Setting): boolean => {
    if (!isStdio) return !STDIO_ALONE.includes(key);
    const isOfServer = [key, ...Object.keys(table)].some((name) => Object.hasOwn(SERVE_FILE_OPTIONS, name));
    return !isOfServer || Object.hasOwn(SERVE_STDIO_OPTIONS, key);
  };
  const lines = given
    .filter((setting) => !hasEffect(setting))
    .map(({ option: { key, flag }, from, source }) => {
      const name = source === "flag" ? from : `${from}: ${flag?.long ?? key}`;
      return isStdio
        ? `${name} cannot be used with --stdio: sshd accepts connections and authenticates callers`
        : `${name} requires --stdio`;
    });
  if (lines.length > 0) throw new UsageError(lines.join("\n"));
}

function toList(text: string): string[] {
  return text.split(",").flatMap((scope) => scope.trim() || []);
}
