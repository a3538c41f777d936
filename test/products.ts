import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vitest/config";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const ENTRIES = [
  ...["schema", "server", "client", "testing", "generated", "prompts", "contract"],
  ...["config", "otel", "metrics", "nats"],
];
const SOURCES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(ENTRIES.map((entry) => [`sshrpc/${entry}`, `runtime/src/${entry}.ts`])),
  "@sshrpc/codegen/cli": "codegen/src/cli/commands.ts",
  "@sshrpc/codegen/diff": "codegen/src/diff.ts",
  "@sshrpc/codegen/lint": "codegen/src/lint.ts",
  "@sshrpc/codegen": "codegen/src/index.ts",
};

/**
 * Tests run on the sources, or with `--mode compiled` on the compiled packages: Node loads them without vite, which translates every
 * import of the sources into an access to an object, for a quarter of the time of the tests. What spawns a process runs on the
 * compiled packages in both modes, as users do.
 */
export function products(): Plugin {
  let isCompiled = false;
  return {
    name: "products",
    enforce: "pre",
    config(_, { mode }) {
      isCompiled = mode === "compiled";
      if (isCompiled) return { test: { server: { deps: { external: [/\/(?:runtime|codegen)\/dist\//] } } } };
      const alias = Object.entries(SOURCES).map(([find, path]) => ({ find, replacement: `${ROOT}${path}` }));
      return { resolve: { alias } };
    },
    /** Tests of internals import their sources. */
    resolveId(id, importer) {
      if (!isCompiled || importer === undefined || !id.startsWith(".")) return;
      const [, name, path] =
        /^(runtime|codegen)\/src\/(.*)\.[jt]s$/.exec(resolve(dirname(importer), id).slice(ROOT.length)) ?? [];
      const file = `${ROOT}${name}/dist/${path}.js`;
      return path !== undefined && existsSync(file) ? file : undefined;
    },
  };
}
