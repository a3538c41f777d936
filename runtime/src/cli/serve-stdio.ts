import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { pino } from "pino";
import type { Logger } from "../log.js";
import { serveStdio } from "../serve-stdio.js";
import type { ApiHandlers } from "../server/api-handlers.js";
import { UsageError } from "./failure.js";
import { loadHandlers } from "./load-handlers.js";
import { makeMissing } from "./make-missing.js";

/** What `serve --stdio` takes. */
export interface StdioFlags {
  readonly stdio?: boolean;
  readonly handlers: string;
  readonly scopes?: readonly string[];
  readonly forced?: boolean;
  readonly log?: string;
  readonly audit?: string;
  readonly grace?: number;
}

/** Milliseconds that whatever the handlers left open has to close, once the connection has ended. */
const LAST_GRACE = 5000;

/** Adds what only `serve --stdio` takes. */
export function addStdioOptions(command: Command): Command {
  return command
    .option("--stdio", "serve standard input and output, as sshd's Subsystem or command=")
    .option(
      "--scopes <list>",
      "with --stdio: what the caller may do, such as notes:*,time:read (default: none)",
      toList,
    )
    .option("--forced", "with --stdio: sshd starts it as command= or ForceCommand; without a command it is a shell")
    .option("--log <file>", "with --stdio: where to log, for sshd drops the standard error of a subsystem");
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
export function checkFlags(flags: object & StdioFlags): void {
  const wrong = Object.entries(flags.stdio ? PORT_FLAGS : STDIO_FLAGS).find(([name]) => Object.hasOwn(flags, name));
  if (wrong === undefined) return;
  throw new UsageError(
    flags.stdio ? `${wrong[1]} is not for --stdio: there, sshd lets callers in` : `${wrong[1]} is for --stdio alone`,
  );
}

/** `sshrpc serve --stdio`: one connection over standard input and output. The process ends with it. */
export async function serveOverStdio(flags: StdioFlags): Promise<void> {
  const log = openLog(flags.log);
  const load = async (): Promise<ApiHandlers> => {
    if (log instanceof Error) throw log;
    return loadHandlers(flags.handlers);
  };
  try {
    await serveStdio(load, {
      ...(flags.scopes && { scopes: flags.scopes }),
      ...(flags.forced && { forced: true }),
      ...(flags.grace !== undefined && { grace: flags.grace }),
      ...(flags.audit !== undefined && { audit: { file: flags.audit } }),
      ...(log !== undefined && { log: log instanceof Error ? false : log }),
    });
  } finally {
    // A handler may have left a timer or a connection behind; nobody is there to wait for it.
    setTimeout(() => process.exit(), LAST_GRACE).unref();
  }
}

/** An error is given back: the caller has to be told to go before it is thrown. */
function openLog(file: string | undefined): Logger | Error | undefined {
  if (file === undefined) return undefined;
  try {
    makeMissing(dirname(resolve(file)));
    return pino(pino.destination({ dest: file, append: true, sync: true })) as Logger;
  } catch (error) {
    return new Error(`${file} cannot be written (${(error as NodeJS.ErrnoException).code}): --log`, { cause: error });
  }
}

function toList(text: string): string[] {
  return text.split(",").flatMap((scope) => scope.trim() || []);
}
