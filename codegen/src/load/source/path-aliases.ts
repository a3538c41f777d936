import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { compiler } from "./compiler.js";

/** The `paths` of a tsconfig.json, which the compiler resolves and Node does not. */
interface PathAliases {
  /** The folder of the file. */
  readonly folder: string;
  readonly paths: Readonly<Record<string, readonly string[]>>;
}

/** The `paths` of the nearest tsconfig.json at or above the folder of `file`; undefined if it has none. */
export function readPathAliases(file: string): PathAliases | undefined {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const config = join(folder, "tsconfig.json");
    if (existsSync(config)) {
      const { config: content } = compiler.parseConfigFileTextToJson(config, readFileSync(config, "utf8"));
      const { paths, baseUrl = "." } = content?.compilerOptions ?? {};
      return paths === undefined ? undefined : { folder: resolve(folder, String(baseUrl)), paths };
    }
    if (dirname(folder) === folder) return undefined;
  }
}

/** What to import in `file` instead of `specifier` if that is such an alias; undefined for other specifiers */
export function withoutAlias(specifier: string, file: string, { folder, paths }: PathAliases): string | undefined {
  for (const [pattern, [target]] of Object.entries(paths)) {
    const [start = "", end] = pattern.split("*");
    const matches =
      end === undefined
        ? specifier === pattern
        : specifier.startsWith(start) && specifier.endsWith(end) && start !== "";
    if (!matches || target === undefined) continue;
    const middle = end === undefined ? "" : specifier.slice(start.length, specifier.length - end.length);
    const path = relative(dirname(file), resolve(folder, target.replace("*", middle)))
      .split(sep)
      .join("/")
      .replace(/\.ts$/, ".js");
    const named = /\.[cm]?js$/.test(path) ? path : `${path}.js`;
    return named.startsWith(".") ? named : `./${named}`;
  }
  return undefined;
}
