import type { Command } from "commander";
import { parseFileName } from "./file-name.js";
import type { ServeFlags } from "./serve-flags.js";
import { DEFAULTS } from "./shared/defaults.js";
import { durationFrom } from "./shared/duration.js";
import { UsageError } from "./shared/failure.js";
import { parsePort } from "./shared/port.js";
import { tuneGc } from "./tune-gc.js";

/** `sshrpc serve --handlers FILE`: a server on a port of its own; with --stdio, one session that sshd has started. */
export function defineServe(command: Command): void {
  command
    .option("--stdio", "serve standard input and output, as sshd's Subsystem or command=")
    .option(
      "--scopes <list>",
      "with --stdio: what the caller may do, such as notes:*,time:read (default: none)",
      toList,
    )
    .option("--forced", "with --stdio: sshd starts it as command= or ForceCommand; without a command it is a shell")
    .option(
      "--log <file>",
      "with --stdio: where to log, for sshd drops the standard error of a subsystem",
      parseFileName,
    )
    .requiredOption("--handlers <file>", "the file whose default export is defineHandlers({ … })", parseFileName)
    .option("--host-key <file>", "the server's private key (default: one in --home, made at first start)")
    .option(
      "--authorized-keys <file>",
      "who may connect (default: a list in --home, made at first start)",
      parseFileName,
    )
    .option(
      "--revoked-keys <file>",
      "keys and certificates that count no more: a list, or made by ssh-keygen -k",
      parseFileName,
    )
    .option("--listen <address>", "the address to listen on; 0.0.0.0 or :: for all", DEFAULTS.host)
    .option("--port <number>", "the port to listen on; 0 for a free one", parsePort, DEFAULTS.port)
    .option(
      "--proxy-protocol <networks...>",
      "load balancers that say whose connections they pass on, such as 10.0.0.0/8; nobody is believed by default",
    )
    .option("--no-exec", "run no commands: ssh HOST GET /notes")
    .option("--shell <command>", "show whoever logs in without a command this one, such as GET /weblog")
    .option("--no-shell", "open no shell: ssh -t HOST")
    .option("--korv", "also answer clients of the Python framework korv")
    .option(
      "--audit <file>",
      "where to write down who came, what they called, and what they were refused",
      parseFileName,
    )
    .option("--home <directory>", "where the files are kept that are not named", parseFileName, DEFAULTS.home)
    .option("--grace <duration>", "how long running calls may go on after SIGTERM (default: 5s)", durationFrom(0))
    .action(serve);
}

/** Each is loaded only where it is asked for. */
async function serve(flags: ServeFlags): Promise<void> {
  checkFlags(flags);
  tuneGc();
  if (flags.stdio) {
    const { serveOverStdio } = await import("./serve-stdio.js");
    return serveOverStdio(flags);
  }
  const { serveOnPort } = await import("./serve-on-port.js");
  return serveOnPort(flags);
}

/** What only a server on a port of its own takes: sshd sees to that for others. */
const PORT_FLAGS: Readonly<Record<string, string>> = {
  hostKey: "--host-key",
  authorizedKeys: "--authorized-keys",
  revokedKeys: "--revoked-keys",
  proxyProtocol: "--proxy-protocol",
  korv: "--korv",
};

const STDIO_FLAGS: Readonly<Record<string, string>> = { scopes: "--scopes", forced: "--forced", log: "--log" };

/** Whoever gives a flag that protects must not have it ignored. @throws UsageError */
function checkFlags(flags: ServeFlags): void {
  const wrong = Object.entries(flags.stdio ? PORT_FLAGS : STDIO_FLAGS).find(([name]) => Object.hasOwn(flags, name));
  if (wrong === undefined) return;
  throw new UsageError(
    flags.stdio ? `${wrong[1]} is not for --stdio: there, sshd lets callers in` : `${wrong[1]} is for --stdio alone`,
  );
}

function toList(text: string): string[] {
  return text.split(",").flatMap((scope) => scope.trim() || []);
}
