import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));

/** A temporary folder with a schema, which can import the packages of this repository. It is removed when the test ends. */
export class Project {
  readonly folder = mkdtempSync(join(tmpdir(), "sshrpc-codegen-"));

  /** @param files texts by path. */
  constructor(files: Readonly<Record<string, string>>) {
    symlinkSync(join(REPOSITORY, "node_modules"), join(this.folder, "node_modules"));
    for (const [path, text] of Object.entries(files)) this.write(path, text);
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), "utf8");
  }

  /** The names in a folder, sorted. */
  list(path: string): readonly string[] {
    return readdirSync(join(this.folder, path)).sort();
  }

  remove(path: string): void {
    rmSync(join(this.folder, path), { recursive: true });
  }
}

/** A project that all tests of a file share; its owner disposes of it. */
export function sharedProject(): Pick<Project, "folder" | "write"> & { dispose(): void } {
  const folder = mkdtempSync(join(tmpdir(), "sshrpc-codegen-"));
  symlinkSync(join(REPOSITORY, "node_modules"), join(folder, "node_modules"));
  return {
    folder,
    write(path, text) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    },
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A schema module with these resources, one a line from line 7. */
export function schemaOf(...resources: readonly string[]): string {
  return [
    'import Type from "typebox";',
    'import { Bytes, defineApi } from "sshrpc/schema";',
    "export default defineApi({",
    '  name: "test",',
    '  version: "1.0.0",',
    "  resources: {",
    ...resources.map((resource) => `    ${resource},`),
    "  },",
    "});",
    "",
  ].join("\n");
}
