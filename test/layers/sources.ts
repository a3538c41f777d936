import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Node, Project, type SourceFile, SyntaxKind } from "ts-morph";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** One import of one file. */
export interface Import {
  /** Within the package's `src`, such as `wire/batch.ts`. */
  readonly from: string;
  /** The specifier, such as `../contract/status.js` or `node:fs`. */
  readonly specifier: string;
  /** The imported file of the same package; absent for other packages. */
  readonly to?: string;
  /** Whether it is a dynamic import: `await import(…)`. */
  readonly dynamic: boolean;
  readonly line: number;
}

/** The sources of one package and their imports, type imports included. */
export interface Package {
  readonly files: readonly SourceFile[];
  readonly names: readonly string[];
  readonly imports: readonly Import[];
  readonly manifest: {
    readonly name: string;
    readonly exports: Readonly<Record<string, unknown>>;
    readonly dependencies: Readonly<Record<string, string>>;
    readonly peerDependencies?: Readonly<Record<string, string>>;
  };
}

export function readPackage(folder: string): Package {
  const source = resolve(ROOT, folder, "src");
  const project = new Project({ compilerOptions: { allowJs: false }, skipFileDependencyResolution: true });
  const files = project.addSourceFilesAtPaths(`${source}/**/*.ts`);
  const imports = files.flatMap((file) => importsOf(file, source));
  const names = files.map((file) => relative(source, file.getFilePath()));
  return { files, names, imports, manifest: JSON.parse(readFileSync(resolve(ROOT, folder, "package.json"), "utf8")) };
}

function importsOf(file: SourceFile, source: string): Import[] {
  return file.getDescendantsOfKind(SyntaxKind.StringLiteral).flatMap((literal) => {
    const parent = literal.getParent();
    const dynamic = Node.isCallExpression(parent) && parent.getExpression().getKind() === SyntaxKind.ImportKeyword;
    const isImport =
      dynamic ||
      Node.isImportDeclaration(parent) ||
      Node.isExportDeclaration(parent) ||
      (Node.isLiteralTypeNode(parent) && Node.isImportTypeNode(parent.getParent()));
    if (!isImport) return [];
    const specifier = literal.getLiteralValue();
    const from = relative(source, file.getFilePath());
    const own = specifier.startsWith(".") ? resolve(dirname(file.getFilePath()), specifier) : undefined;
    const to = own?.replace(/\.js$/, ".ts");
    return [
      {
        from,
        specifier,
        ...(to !== undefined && existsSync(to) && { to: relative(source, to) }),
        dynamic,
        line: literal.getStartLineNumber(),
      },
    ];
  });
}

/** The files below a folder of the repository whose names end in `ending`, such as `test/rounds.ts`. */
export function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(resolve(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(ending))
    .map((file) => `${folder}/${file}`);
}

/** Formats an import with its location. */
export function show({ from, line, specifier }: Import): string {
  return `${from}:${line} imports ${specifier}`;
}

/** Every import cycle, as the files along it; each is listed once. */
export function cycles({ names, imports }: Package): string[] {
  const next = new Map<string, string[]>(names.map((name) => [name, []]));
  for (const { from, to } of imports) if (to !== undefined) next.get(from)?.push(to);
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (name: string, path: readonly string[]): void => {
    const at = path.indexOf(name);
    if (at >= 0) found.push([...path.slice(at), name].join(" → "));
    if (at >= 0 || done.has(name)) return;
    for (const other of next.get(name) ?? []) visit(other, [...path, name]);
    done.add(name);
  };
  for (const name of names) visit(name, []);
  return found;
}
