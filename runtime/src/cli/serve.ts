import { setFlagsFromString } from "node:v8";
import type { Command } from "commander";
import ms from "ms";
import { printable } from "../base/printable.js";
import { ON_FULL } from "../observe/audit-options.js";
import { FORMATS, LEVELS } from "../observe/log-options.js";
import { SIGNAL_GRACE } from "../server/check-grace.js";
import { addTableOptions } from "./config/config-options.js";
import { keepCheck, type Settings, settingsOf } from "./config/settings.js";
import { checkSettings } from "./serve/check-settings.js";
import { SERVE_ALIASES, SERVE_FILE_OPTIONS, type ServeFlags } from "./serve/serve-flags.js";
import {
  durationFrom,
  oneOf,
  parseCount,
  parseFileName,
  parseKorvLimits,
  parseLedger,
  parsePort,
  parseSize,
} from "./shared/arguments.js";
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
      "log file (default: standard error; with --stdio, errors go to syslog, because sshd discards it)",
      parseFileName,
    )
    .option(
      "--log-level <level>",
      "lowest level of the log: debug (a line for each call), info, warn, error or silent (default: info)",
      oneOf(LEVELS),
    )
    .option(
      "--log-format <format>",
      "format of the log: pretty, json, or auto, which is pretty at a terminal (default: auto)",
      oneOf(FORMATS),
    )
    .option(
      "--log-max-size <size>",
      "size after which the log file is rotated, such as 64M (default: never)",
      parseSize,
    )
    .option("--log-files <number>", "rotated log files that are kept (default: 5)", parseCount)
    .option(
      "--handlers <file>",
      "module whose default export is defineHandlers({ … }), or a folder of modules with defineHandlerModule({ … }); required",
      parseFileName,
    )
    .option(
      "--keep-going",
      "with a folder: serve the methods that have handlers where other modules are missing or broken",
    )
    .option("--import-timeout <duration>", "timeout of the import of a handlers file (default: 10s)", durationFrom(1))
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
    .option("--audit-max-size <size>", "size after which it is rotated, such as 64M (default: never)", parseSize)
    .option("--audit-files <number>", "rotated audit log files that are kept (default: 5)", parseCount)
    .option(
      "--audit-on-full <action>",
      "while it cannot be written: continue (run calls, count lost lines) or refuse (calls) (default: continue)",
      oneOf(ON_FULL),
    )
    .option(
      "--ledger <place>",
      "where outcomes of calls with an idempotency key are kept: memory, file:PATH, or none (default: memory)",
      parseLedger,
    )
    .option("--ledger-keeps <duration>", "how long they are kept, such as 1h (default: 10m)", durationFrom(1))
    .option(
      "--metrics <address>",
      "serve metrics for Prometheus at http://ADDRESS/metrics, such as 127.0.0.1:9464; requires prom-client (default: none)",
    )
    .option("--home <directory>", "directory for files that no other option names", parseFileName, DEFAULTS.home)
    .option(
      "--check",
      "start nothing: check the options and the files that they name, print all problems, and exit with 0 or 1",
    )
    .option("--brief", "print one line at the start, in place of an introduction")
    .option(
      "--grace <duration>",
      `time for running calls to finish after SIGTERM (default: ${ms(SIGNAL_GRACE)})`,
      durationFrom(0),
    )
    .option(
      "--shutdown-delay <duration>",
      "time after SIGTERM in which health says draining and everything is still served (default: none)",
      durationFrom(0),
    )
    .option(
      "--takeover",
      "take the listening sockets over from the server that runs with the same address, which then drains; start the server itself with it, too",
    )
    .option(
      "--runtime-directory <directory>",
      "directory of the socket for --takeover (default: $RUNTIME_DIRECTORY, $XDG_RUNTIME_DIR/sshrpc or one in /tmp)",
      parseFileName,
    )
    .option(
      "--processes <number>",
      "processes that share the connections, to use several cores (default: 1)",
      parseCount,
    )
    .allowExcessArguments()
    .action((flags: ServeFlags, { args: [excess] }: Command) => {
      const settings = settingsOf(command);
      // Not by requiredOption, which would hide a misspelled option behind a missing one.
      if (flags.handlers === undefined && settings.fault === undefined && !flags.check)
        command.error("error: required option '--handlers <file>' not specified");
      return serve(flags, { io, settings, excess });
    });
  addTableOptions(command, SERVE_FILE_OPTIONS, SERVE_ALIASES);
  keepCheck(command, checkSettings);
}

/**
 * Lets the heap grow to five times its live size before a full garbage collection. V8 counts the memory of buffers, and the
 * heap of a server is small, so a file transfer triggered a full collection every few hundred packets, at half of its CPU
 * time (`npm run bench -- exec`). The heap limit does not change.
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
  if (flags.check) {
    const { checkServe } = await import("./serve-check.js");
    return checkServe({ settings, checkSettings, excess }, io);
  }
  checkSettings(settings);
  tuneGc();
  if (flags.stdio) {
    const { serveOverStdio } = await import("./serve-stdio.js");
    return serveOverStdio(flags, io, excess === undefined ? faultOf(settings) : new UsageError(EXPANDED));
  }
  if (excess !== undefined) throw new UsageError(`unexpected argument ${printable(JSON.stringify(excess))}`);
  const [{ serveOnPort }, { loadHandlers }] = await Promise.all([
    import("./serve/serve-on-port.js"),
    import("./load-handlers.js"),
  ]);
  const load = (given: ServeFlags) => loadHandlers(given, io);
  return serveOnPort({ settings, checkSettings, loadHandlers: load }, io);
}

/** The client gets the message, without names of files; the log has the cause. */
function faultOf({ fault }: Settings): Error | undefined {
  return fault && new Error("the config file of the server is invalid", { cause: fault });
}

function toList(text: string): string[] {
  return text.split(",").flatMap((scope) => scope.trim() || []);
}
