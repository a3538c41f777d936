import { statSync } from "node:fs";
import { dirname, extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { errorMessage } from "../base/error-message.js";
import { type ApiHandlers, isApiHandlers } from "../server/api-handlers.js";
import { UsageError } from "./shared/failure.js";
import type { CliIo } from "./shared/io.js";
import { transformCache } from "./shared/transform-cache.js";

/**
 * Imports a handlers file and returns its default export. TypeScript requires the optional peer dependency `jiti`, a
 * dependency of `@sshrpc/codegen`.
 * @throws UsageError where the file is missing or exports something else
 */
export async function loadHandlers(file: string, io: CliIo): Promise<ApiHandlers> {
  const path = resolve(io.cwd(), file);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new UsageError(`--handlers ${file}: no such file`);
  if (stats.isDirectory()) throw new UsageError(`--handlers ${file}: is a directory; name a file`);
  const module = await importFile(path);
  const handlers = defaultOf(module);
  if (isApiHandlers(handlers)) return handlers;
  throw new UsageError(
    `${file}: the default export must be the result of defineHandlers: export default defineHandlers({ … })`,
  );
}

/** The default export. One that was compiled to CommonJS is a property of `module.exports`, which Node gives as the default. */
function defaultOf(module: unknown): unknown {
  const exported = (module as { readonly default?: unknown }).default;
  const isCompiled = typeof exported === "object" && exported !== null && "__esModule" in exported;
  return isCompiled ? (exported as { readonly default?: unknown }).default : exported;
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

/** The fix for missing generated code: generate it, or copy the JavaScript files that tsc does not emit. */
function hint(message: string): string {
  const [, name] = /Cannot find module '[^']*\/generated\/([^'/]+)'/.exec(message) ?? [];
  if (name === undefined) return "";
  const isCopied = name === "validators.js" || name === "contract.js";
  return isCopied ? `; run \`sshrpc gen\` and copy the file to the build output` : "; run `sshrpc gen`";
}

/** The position of a failed import, as file:line:column: the first stack frame in the directory of the file. */
function placeOf(error: unknown, path: string): string {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const places = stack.matchAll(/(?:^|[\s(]|file:\/\/)(\/[^\s()]+:\d+)/gm);
  return [...places].map(([, place]) => place).find((place) => place?.startsWith(dirname(path))) ?? path;
}

async function importTypeScript(path: string): Promise<unknown> {
  const { createJiti } = await loadJiti(path);
  return createJiti(import.meta.url, { interopDefault: false, fsCache: transformCache(path) }).import(path);
}

async function loadJiti(path: string): Promise<typeof import("jiti")> {
  try {
    return await import("jiti");
  } catch (error) {
    throw new UsageError(
      `${path}: TypeScript handlers require jiti: npm install --save-dev jiti; or compile them and name the .js file`,
      {
        cause: error,
      },
    );
  }
}
