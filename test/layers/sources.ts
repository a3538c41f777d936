import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Node, type SourceFile, type StringLiteral, SyntaxKind } from "ts-morph";
import { readTree, specifiersOf } from "../../scripts/tree.js";

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
  /** What the functions of scripts/tree.js take. */
  readonly tree: ReturnType<typeof readTree>;
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

export function readPackage(folder: "runtime" | "codegen"): Package {
  const tree = readTree(folder);
  const imports = tree.files.flatMap((file: SourceFile) => importsOf(file, tree.root));
  const manifest = JSON.parse(readFileSync(resolve(ROOT, folder, "package.json"), "utf8"));
  return { tree, files: tree.files, names: tree.files.map(tree.pathOf), imports, manifest };
}

function importsOf(file: SourceFile, source: string): Import[] {
  return specifiersOf(file).flatMap((literal: StringLiteral) => {
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
