import { errorMessage } from "../../base/error-message.js";
import type { Logger } from "../../base/log.js";
import type { CliIo } from "../shared/io.js";
import type { HandlerFolder } from "./handler-folder.js";

/** The message of `sshrpc dev` to the server that it has started. */
const RELOAD = "reload-handlers";

/**
 * Logs the problems that a folder was loaded with, and loads it again when `sshrpc dev` asks for it.
 * @returns a function that stops this
 */
export function followFolder(folder: HandlerFolder, log: Logger, io: CliIo): () => void {
  const warn = (): void => {
    for (const problem of folder.problems) log.warn({}, problem);
  };
  let last = Promise.resolve();
  const reload = async (): Promise<void> => {
    try {
      await folder.reload();
      log.info({}, "handlers reloaded");
      warn();
    } catch (error) {
      for (const line of errorMessage(error).split("\n")) log.error({}, line);
      log.info({}, "the old handlers are still in use");
    }
  };
  const onMessage = (message: unknown): void => {
    if (message === RELOAD) last = last.then(reload);
  };
  warn();
  io.on("message", onMessage);
  return () => void io.off("message", onMessage);
}
