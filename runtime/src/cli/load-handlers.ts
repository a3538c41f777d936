import { statSync } from "node:fs";
import { dirname, extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { errorMessage } from "../base/error-message.js";
import { type ApiHandlers, isApiHandlers } from "../server/api-handlers.js";
import { UsageError } from "./shared/failure.js";

/**
 * Imports a handlers file and gives its default export. JavaScript is imported as it is; for TypeScript the optional
 * peer dependency `jiti` is asked for, which `@sshrpc/codegen` brings along.
 * @throws UsageError that names the file and says what it must export
 */
export async function loadHandlers(file: string): Promise<ApiHandlers> {
  const path = resolve(file);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new UsageError(`${file}: there is no such file (--handlers)`);
  if (stats.isDirectory()) throw new UsageError(`${file} is a directory: name the file of the handlers (--handlers)`);
  const module = await importFile(path);
  const handlers: unknown = (module as { readonly default?: unknown }).default;
  if (isApiHandlers(handlers)) return handlers;
  throw new UsageError(
    `${file}: its default export must be what the generated defineHandlers(…) gives: export default defineHandlers({ … })`,
  );
}

async function importFile(path: string): Promise<unknown> {
  const typescript = /^\.[cm]?tsx?$/.test(extname(path));
  try {
    return await (typescript ? importTypeScript(path) : import(pathToFileURL(path).href));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const [line = ""] = errorMessage(error).trimEnd().split("\n", 1);
    throw new Error(`${placeOf(error, path)}: ${line.trimEnd()}${hint(line)}`, { cause: error });
  }
}

/** What to do where generated code is missing: all of it, or what a compiler does not put beside what it compiles. */
function hint(message: string): string {
  const [, name] = /Cannot find module '[^']*\/generated\/([^'/]+)'/.exec(message) ?? [];
  if (name === undefined) return "";
  const isCopied = name === "validators.js" || name === "contract.js";
  return isCopied ? `; \`sshrpc gen\` makes it, and what is compiled needs a copy` : "; `sshrpc gen` makes it";
}

/** Where an import failed, as file:line:column: the first place in its stack that lies beside the file or below. */
function placeOf(error: unknown, path: string): string {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const places = stack.matchAll(/(?:^|[\s(]|file:\/\/)(\/[^\s()]+:\d+)/gm);
  return [...places].map(([, place]) => place).find((place) => place?.startsWith(dirname(path))) ?? path;
}

async function importTypeScript(path: string): Promise<unknown> {
  const { createJiti } = await loadJiti(path);
  return createJiti(import.meta.url, { interopDefault: false }).import(path);
}

async function loadJiti(path: string): Promise<typeof import("jiti")> {
  try {
    return await import("jiti");
  } catch (error) {
    throw new UsageError(
      `${path}: to run TypeScript as it is, npm install --save-dev jiti; or compile it, and name the .js`,
      {
        cause: error,
      },
    );
  }
}
