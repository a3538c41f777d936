import { writeFileSync } from "node:fs";
import { build } from "esbuild";

/** The bundles of this process, by entry. */
const built = new Map<string, Promise<Uint8Array>>();

/**
 * Bundles a TypeScript program of the tests with its imports: it starts in a third of the time that jiti takes. The native parts of
 * ssh2 are optional.
 * @param outfile a file .mjs
 */
export async function bundle(entry: string, outfile: string): Promise<void> {
  const text = built.get(entry) ?? textOf(entry);
  built.set(entry, text);
  writeFileSync(outfile, await text);
}

async function textOf(entry: string): Promise<Uint8Array> {
  // Names in a banner must not be those of the program's imports.
  const require =
    'const require = process.getBuiltinModule("module").createRequire(import.meta.url), __dirname = import.meta.dirname;';
  const { outputFiles } = await build({
    entryPoints: [entry],
    write: false,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    // Programs load a compiler only for TypeScript, if it is installed beside them.
    external: ["*.node", "jiti", "@sshrpc/codegen/*"],
    banner: { js: require },
  });
  return outputFiles[0]?.contents as Uint8Array;
}
