import { createRequire } from "node:module";
import { dirname, extname } from "node:path";
import { pathToFileURL } from "node:url";
import { errorMessage } from "../../base/error-message.js";
import { UsageError } from "./failure.js";
import { transformCache } from "./transform-cache.js";

/** How a file is imported. */
interface FileImport {
  /** What it is, in the plural, for messages: `handlers`. */
  readonly what: string;
  /** Runs it again where it has been imported before; the modules that it imports stay as they are, unless they are TypeScript. */
  readonly isFresh?: boolean;
}

let imports = 0;

/**
 * Imports a file and returns its default export. TypeScript requires the optional peer dependency `jiti`, a dependency of
 * `@sshrpc/codegen`.
 * @param path an absolute path
 * @throws UsageError without jiti; Error with the place of any other failure
 */
export async function importDefault(path: string, options: FileImport): Promise<unknown> {
  const exported = ((await importFile(path, options)) as { readonly default?: unknown }).default;
  // A default export that was compiled to CommonJS is a property of `module.exports`, which Node gives as the default.
  const isCompiled = typeof exported === "object" && exported !== null && "__esModule" in exported;
  return isCompiled ? (exported as { readonly default?: unknown }).default : exported;
}

async function importFile(path: string, options: FileImport): Promise<unknown> {
  const typescript = /^\.[cm]?tsx?$/.test(extname(path));
  try {
    return await (typescript ? importTypeScript(path, options) : importJavaScript(path, options));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const [line = ""] = errorMessage(error).trimEnd().split("\n", 1);
    throw new Error(`${placeOf(error, path)}: ${line.trimEnd()}${hint(line)}`, { cause: error });
  }
}

function importJavaScript(path: string, { isFresh }: FileImport): Promise<unknown> {
  const { href } = pathToFileURL(path);
  if (!isFresh) return import(href);
  // Node keeps modules by their URL, and those of CommonJS by their path.
  delete createRequire(import.meta.url).cache[path];
  return import(`${href}?import=${++imports}`);
}

/** Lets the next imports run TypeScript files again, but not those of packages. jiti keeps modules in the cache of CommonJS. */
export function forgetTypeScript(): void {
  const { cache } = createRequire(import.meta.url);
  for (const file of Object.keys(cache)) {
    if (/\.[cm]?ts$/.test(file) && !file.includes("/node_modules/")) delete cache[file];
  }
}

/** The fix for missing generated code: generate it, or copy the JavaScript files that tsc does not emit. */
function hint(message: string): string {
  const [, name] = /Cannot find module '[^']*\/generated\/([^'/]+)'/.exec(message) ?? [];
  if (name === undefined) return "";
  const isCopied = name === "validators.js" || name === "contract.js";
  return isCopied ? `; run \`sshrpc gen\` and copy the file to the build output` : "; run `sshrpc gen`";
}

/** The position of a failed import, as file:line:column: the first stack frame in the directory of the file, without packages. */
function placeOf(error: unknown, path: string): string {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const places = stack.matchAll(/(?:^|[\s(]|file:\/\/)(\/[^\s()]+:\d+)/gm);
  const isOwn = (place = ""): boolean => place.startsWith(dirname(path)) && !place.includes("/node_modules/");
  return [...places].map(([, place]) => place?.replace(/\?import=\d+/, "")).find(isOwn) ?? path;
}

async function importTypeScript(path: string, { what, isFresh }: FileImport): Promise<unknown> {
  const { createJiti } = await loadJiti(path, what);
  const cache = { fsCache: transformCache(path), ...(isFresh && { moduleCache: false }) };
  return createJiti(import.meta.url, { interopDefault: false, ...cache }).import(path);
}

async function loadJiti(path: string, what: string): Promise<typeof import("jiti")> {
  try {
    return await import("jiti");
  } catch (error) {
    const advice = "npm install --save-dev jiti; or compile them and name the .js file";
    throw new UsageError(`${path}: TypeScript ${what} require jiti: ${advice}`, { cause: error });
  }
}
