import { statSync } from "node:fs";
import { resolve } from "node:path";
import { withTimeout } from "../base/async/with-timeout.js";
import { type ApiHandlers, isApiHandlers } from "../server/api-handlers.js";
import { isHandlerModule } from "../server/handler-module.js";
import { HandlerFolder } from "./handler-folder/handler-folder.js";
import { LOAD_TIMEOUT } from "./shared/defaults.js";
import { UsageError } from "./shared/failure.js";
import { importDefault } from "./shared/import-file.js";
import type { CliIo } from "./shared/io.js";

/** The flags that say which handlers are loaded, and how. */
interface HandlerFlags {
  /** A file, or a folder of modules. */
  readonly handlers: string;
  readonly keepGoing?: boolean;
  readonly importTimeout?: number;
}

interface LoadedHandlers extends ApiHandlers {
  /** The folder that they are from; undefined for a file. */
  readonly folder?: HandlerFolder;
}

/**
 * Imports a handlers file, or the modules of a folder.
 * @throws UsageError where it is missing or exports something else; Error that lists the problems of a folder
 */
export async function loadHandlers(flags: HandlerFlags, io: CliIo): Promise<LoadedHandlers> {
  const { handlers: name, keepGoing = false, importTimeout = LOAD_TIMEOUT } = flags;
  const path = resolve(io.cwd(), name);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new UsageError(`--handlers ${name}: no such file or folder`);
  if (stats.isDirectory()) {
    const folder = new HandlerFolder({ path, name, keepGoing, importTimeout });
    return { ...(await folder.load()), folder };
  }
  if (keepGoing) throw new UsageError(`--keep-going requires a folder of modules; ${name} is a file`);
  const message = `${name}: not loaded within ${importTimeout} ms: a top-level await may not settle; see --import-timeout`;
  const handlers = await withTimeout(importDefault(path, { what: "handlers" }), importTimeout, { message });
  if (isApiHandlers(handlers)) return handlers;
  if (isHandlerModule(handlers)) {
    throw new UsageError(`${name}: has some of the handlers only; name its folder, which has the other modules`);
  }
  throw new UsageError(
    `${name}: the default export must be the result of defineHandlers: export default defineHandlers({ … })`,
  );
}
