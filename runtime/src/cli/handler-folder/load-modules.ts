import { basename, join } from "node:path";
import { withTimeout } from "../../base/async/with-timeout.js";
import { errorMessage } from "../../base/error-message.js";
import type { Api } from "../../contract/method.js";
import { type AnyHandler, isApiHandlers } from "../../server/api-handlers.js";
import { type HandlerModule, isHandlerModule } from "../../server/handler-module.js";
import { forgetTypeScript, importDefault } from "../shared/import-file.js";
import { moduleFiles } from "./module-files.js";

/** A folder of modules, and how it is loaded. */
export interface FolderOptions {
  /** Its absolute path. */
  readonly path: string;
  /** Its name, for messages. */
  readonly name: string;
  /** Whether modules without a problem are served where others have one. */
  readonly keepGoing: boolean;
  /** Timeout of the import of each module, in ms. */
  readonly importTimeout: number;
  /** Whether modules that have been imported run again. */
  readonly isFresh?: boolean;
}

/** What the modules of a folder serve. */
interface LoadedModules {
  readonly api: Api;
  /** By method id; without the methods that no module has a handler of. */
  readonly handlers: ReadonlyMap<string, AnyHandler>;
  /** One a line; none without `keepGoing`. */
  readonly problems: readonly string[];
}

const EMPTY = "no module: expected files such as notes.ts with export default defineHandlerModule({ … })";

/** A module, and its file as messages name it. */
interface NamedModule extends HandlerModule {
  readonly file: string;
}

/** @throws Error that lists all problems; with `keepGoing`, only where modules contradict each other, or none can be loaded */
export async function loadModules(options: FolderOptions): Promise<LoadedModules> {
  const { name, keepGoing } = options;
  if (options.isFresh) forgetTypeScript();
  const results = await Promise.all(moduleFiles(options.path).map((path) => loadModule(path, options)));
  const modules = results.filter((result) => typeof result !== "string");
  const broken = results.filter((result) => typeof result === "string");
  const [first] = modules;
  if (first === undefined) throw failure(name, broken.length > 0 ? broken : [EMPTY]);
  const contradictions = [...otherApis(first, modules), ...doubles(modules)];
  const handlers = new Map(modules.flatMap(({ part }) => [...part]));
  const missing = first.api.methods.flatMap(({ id, resource, verb }) =>
    handlers.has(id) ? [] : [`${id}: no module has its handler, ${resource}.${verb.toLowerCase()}`],
  );
  const problems = [...broken, ...contradictions, ...missing];
  if (contradictions.length > 0 || (problems.length > 0 && !keepGoing)) {
    const advice = contradictions.length > 0 ? [] : ["--keep-going serves the other methods"];
    throw failure(name, problems, advice);
  }
  return { api: first.api, handlers, problems };
}

/** @returns the module, or its problem */
async function loadModule(path: string, options: FolderOptions): Promise<NamedModule | string> {
  const { name, importTimeout, isFresh = false } = options;
  const file = join(name, basename(path));
  const message = `${file}: not loaded within ${importTimeout} ms: a top-level await may not settle`;
  try {
    // TypeScript files have been forgotten together, so that modules share what they import.
    const isReplaced = isFresh && !/ts$/.test(path);
    const exported = await withTimeout(importDefault(path, { what: "handlers", isFresh: isReplaced }), importTimeout, {
      message,
    });
    if (isHandlerModule(exported)) return { ...exported, file };
    if (isApiHandlers(exported)) return { api: exported.api, part: exported.handlers, file };
    return `${file}: expected export default defineHandlerModule({ … }); put helpers in a subfolder, or name them _${basename(path)}`;
  } catch (error) {
    return errorMessage(error).replace(path, file);
  }
}

function otherApis(first: NamedModule, modules: readonly NamedModule[]): readonly string[] {
  const nameOf = ({ file, api }: NamedModule): string => `${file} (${api.name} ${api.version})`;
  return modules
    .filter(({ api }) => api.hash !== first.api.hash)
    .map((module) => `${nameOf(module)} and ${nameOf(first)}: different contracts; import from one generated folder`);
}

/** Methods that several modules have a handler of. */
function doubles(modules: readonly NamedModule[]): readonly string[] {
  const files = new Map<string, string[]>();
  for (const { part, file } of modules) {
    for (const id of part.keys()) files.set(id, [...(files.get(id) ?? []), file]);
  }
  return [...files]
    .filter(([, names]) => names.length > 1)
    .map(([id, names]) => `${id}: ${names.join(" and ")} have a handler; remove all but one`);
}

function failure(name: string, problems: readonly string[], advice: readonly string[] = []): Error {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return new Error([`--handlers ${name}: ${count}`, ...problems, ...advice].join("\n"));
}
