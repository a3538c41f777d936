import type { Command } from "commander";
import { pino } from "pino";
import { serveStdio } from "../serve-stdio.js";
import { loadHandlers } from "./load-handlers.js";

/** What `serve --stdio` takes. */
export interface StdioFlags {
  readonly stdio?: boolean;
  readonly handlers: string;
  readonly scopes?: readonly string[];
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
    .option("--log <file>", "with --stdio: where to log, for sshd drops the standard error of a subsystem");
}

/** `sshrpc serve --stdio`: one connection over standard input and output. The process ends with it. */
export async function serveOverStdio(flags: StdioFlags): Promise<void> {
  try {
    await serveStdio(() => loadHandlers(flags.handlers), {
      ...(flags.scopes && { scopes: flags.scopes }),
      ...(flags.grace !== undefined && { grace: flags.grace }),
      ...(flags.audit !== undefined && { audit: { file: flags.audit } }),
      ...(flags.log !== undefined && {
        log: pino(pino.destination({ dest: flags.log, append: true, mkdir: true, sync: true })),
      }),
    });
  } finally {
    // A handler may have left a timer or a connection behind; nobody is there to wait for it.
    setTimeout(() => process.exit(), LAST_GRACE).unref();
  }
}

function toList(text: string): string[] {
  return text.split(",").flatMap((scope) => scope.trim() || []);
}
