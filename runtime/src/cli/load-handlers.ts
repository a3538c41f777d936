import { statSync } from "node:fs";
import { resolve } from "node:path";
import { type ApiHandlers, isApiHandlers } from "../server/api-handlers.js";
import { UsageError } from "./shared/failure.js";
import { importDefault } from "./shared/import-file.js";
import type { CliIo } from "./shared/io.js";

/**
 * Imports a handlers file and returns its default export.
 * @throws UsageError where the file is missing or exports something else
 */
export async function loadHandlers(file: string, io: CliIo): Promise<ApiHandlers> {
  const path = resolve(io.cwd(), file);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new UsageError(`--handlers ${file}: no such file`);
  if (stats.isDirectory()) throw new UsageError(`--handlers ${file}: is a directory; name a file`);
  const handlers = await importDefault(path, { what: "handlers" });
  if (isApiHandlers(handlers)) return handlers;
  throw new UsageError(
    `${file}: the default export must be the result of defineHandlers: export default defineHandlers({ … })`,
  );
}
