import { dirname, resolve } from "node:path";
import type { Logger } from "../base/log.js";
import { serveStdio } from "../compose/serve-stdio.js";
import type { ApiHandlers } from "../server/api-handlers.js";
import { adapterFlags } from "./adapter-flags.js";
import { loadHandlers } from "./load-handlers.js";
import type { ServeFlags } from "./serve-flags.js";
import { makeMissing } from "./shared/make-missing.js";

/** Milliseconds that whatever the handlers left open has to close, once the connection has ended. */
const LAST_GRACE = 5000;

/** `sshrpc serve --stdio`: one connection over standard input and output. The process ends with it. */
export async function serveOverStdio(flags: ServeFlags): Promise<void> {
  const log = await openLog(flags.log);
  const load = async (): Promise<ApiHandlers> => {
    if (log instanceof Error) throw log;
    return loadHandlers(flags.handlers);
  };
  try {
    await serveStdio(load, {
      ...adapterFlags(flags),
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
async function openLog(file: string | undefined): Promise<Logger | Error | undefined> {
  if (file === undefined) return undefined;
  const { pino } = await import("pino");
  try {
    makeMissing(dirname(resolve(file)));
    return pino(pino.destination({ dest: file, append: true, sync: true })) as Logger;
  } catch (error) {
    return new Error(`${file} cannot be written (${(error as NodeJS.ErrnoException).code}): --log`, { cause: error });
  }
}
