import { readdirSync, readFileSync, statSync } from "node:fs";
import { userInfo } from "node:os";
import { relative, resolve } from "node:path";
import { errorMessage } from "../../base/error-message.js";
import { holdsKey, printable } from "../../base/printable.js";
import { wrongType } from "../../base/wrong-type.js";
import { describeJsonFault } from "../../codec/json-fault.js";
import { LOAD_TIMEOUT } from "../shared/defaults.js";
import { UsageError } from "../shared/failure.js";
import { importDefault } from "../shared/import-file.js";
import { jsonPlaces, pathKey } from "./json-places.js";

/** A config file. */
export interface ConfigFile {
  /** As messages name it. */
  readonly name: string;
  /** The absolute path. */
  readonly path: string;
  readonly content: Readonly<Record<string, unknown>>;
  /** Where a value is, or the one that it would be in: `sshrpc.config.json:3:5`; for a file of code its name alone. */
  readonly placeOf: (path: readonly string[]) => string;
}

/** Which config file to load. */
export interface ConfigRequest {
  /** The directory to which the name is relative. */
  readonly cwd: string;
  /** The file. Default: the one in `cwd` that is named `sshrpc.config`, with one of the extensions ts, mts, js, mjs, cjs and json, if any. */
  readonly file?: string | undefined;
  /** Where the name of the file comes from, for messages. Default: `--config`. */
  readonly from?: string;
  /** Runs a file of code again that has run before. Default: false. */
  readonly isFresh?: boolean;
}

const FOUND = /^sshrpc\.config\.(?:[cm]?js|m?ts|json)$/;

/** The maximum size of a JSON file, in bytes. */
const MAX_SIZE = 1024 * 1024;

/**
 * Loads a config file: JSON, or a module whose default export is the object.
 * @returns undefined where no file is named, and `cwd` has none
 * @throws UsageError with the file, and line and column where it is JSON
 */
export async function loadConfig({
  cwd,
  file,
  from = "--config",
  isFresh = false,
}: ConfigRequest): Promise<ConfigFile | undefined> {
  if (file !== undefined && holdsKey(file))
    throw new UsageError(`${from}: expected a file name, got the text of a key`);
  const found = file ?? findConfig(cwd);
  if (found === undefined) return undefined;
  const path = resolve(cwd, found);
  const name = printable(relative(cwd, path).startsWith("..") ? path : relative(cwd, path) || found);
  checkFile(path, file === undefined ? name : `${from} ${printable(file)}`);
  return path.endsWith(".json") ? readJson(path, name) : { ...(await runModule(path, name, isFresh)), name, path };
}

function findConfig(cwd: string): string | undefined {
  let names: string[];
  try {
    names = readdirSync(cwd).filter((name) => FOUND.test(name));
  } catch {
    return undefined;
  }
  const [found] = names;
  if (names.length < 2) return found === undefined || isTrusted(cwd, found) ? found : refuseForeign(found);
  throw new UsageError(`several config files: ${names.sort().join(", ")}; keep one, or name one with --config`);
}

/** In a directory that every user may write, such as /tmp, a file of another user would run code, or choose keys. */
function isTrusted(cwd: string, name: string): boolean {
  // -1 on Windows, which has no such directories.
  const { uid } = userInfo();
  const directory = statSync(cwd, { throwIfNoEntry: false });
  if (uid === -1 || directory === undefined || (directory.mode & 0o002) === 0) return true;
  const file = statSync(resolve(cwd, name), { throwIfNoEntry: false });
  return file === undefined || file.uid === uid || file.uid === 0;
}

function refuseForeign(name: string): never {
  throw new UsageError(
    `${name}: every user may write this directory, and the file belongs to another one; name it with --config to use it`,
  );
}

function checkFile(path: string, name: string): void {
  let stats: ReturnType<typeof statSync>;
  try {
    stats = statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw unreadable(name, error);
  }
  if (stats === undefined) throw new UsageError(`${name}: no such file`);
  if (!stats.isFile()) throw new UsageError(`${name}: not a file${stats.isDirectory() ? ", but a directory" : ""}`);
  if (stats.size > MAX_SIZE) throw new UsageError(`${name}: larger than ${MAX_SIZE} bytes`);
}

function unreadable(name: string, error: unknown): UsageError {
  return new UsageError(`${name}: cannot be read (${(error as NodeJS.ErrnoException).code ?? errorMessage(error)})`);
}

function readJson(path: string, name: string): ConfigFile {
  let text: string;
  try {
    // Editors of Windows begin a file with a byte order mark.
    text = readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    throw unreadable(name, error);
  }
  if (text.trim() === "") throw new UsageError(`${name}: empty; the smallest config file is {}`);
  const fault = describeJsonFault(text);
  if (fault !== undefined) {
    const comments = /unexpected token "\/[/*]/.test(fault) ? "; for comments use sshrpc.config.js" : "";
    throw new UsageError(`${name}: ${fault}${comments}`);
  }
  const { places, repeated } = jsonPlaces(text);
  const placeOf = (at: readonly string[]): string => {
    const place = places.get(pathKey(at));
    if (place === undefined && at.length > 0) return placeOf(at.slice(0, -1));
    return `${name}:${place ?? "1:1"}`;
  };
  const [twice] = repeated.map((key) => JSON.parse(key) as string[]);
  if (twice !== undefined) throw new UsageError(`${placeOf(twice)}: ${printable(twice.join("."))}: repeated`);
  return { name, path, content: checkContent(JSON.parse(text), name), placeOf };
}

async function runModule(
  path: string,
  name: string,
  isFresh: boolean,
): Promise<Pick<ConfigFile, "content" | "placeOf">> {
  let timer: NodeJS.Timeout | undefined;
  // The timer also keeps the process alive: without it, Node exits silently while a module awaits a pending promise.
  const late = new Promise<never>((_, reject) => {
    const message = `${name}: a top-level await did not settle within ${LOAD_TIMEOUT / 1000} s`;
    timer = setTimeout(() => reject(new UsageError(message)), LOAD_TIMEOUT);
  });
  try {
    const exported = await Promise.race([importDefault(path, { what: "config files", isFresh }), late]);
    return { content: checkContent(exported, name), placeOf: () => name };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(errorMessage(error), { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function checkContent(content: unknown, name: string): ConfigFile["content"] {
  if (typeof content === "object" && content !== null && !Array.isArray(content)) return { ...content };
  const expected = name.endsWith(".json")
    ? "an object"
    : "the default export of an object: export default defineConfig({ … })";
  throw new UsageError(`${name}: ${wrongType(content, expected)}`);
}
