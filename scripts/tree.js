// What `npm run measure` and test/layers ask of the source tree. Each function takes what `readTree` gives.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const { Node, Project, SyntaxKind } = createRequire(new URL("../codegen/package.json", import.meta.url))("ts-morph");
const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** The files that other packages import, and the one that runtime/bin imports. */
const PUBLIC = {
  runtime: [
    "schema",
    "server",
    "client",
    "testing",
    "prompts",
    "generated",
    "contract",
    "config",
    "otel",
    "metrics",
    "nats",
    "cli/main",
  ],
  codegen: ["index", "diff", "lint", "cli/commands"],
};

/** The texts that name modules, and maybe others. Few files have `import()`, which needs the walk through all of their nodes. */
export function specifiersOf(file) {
  if (/\bimport\(/.test(file.getFullText())) return file.getDescendantsOfKind(SyntaxKind.StringLiteral);
  return [...file.getImportDeclarations(), ...file.getExportDeclarations()].flatMap((declaration) => {
    const literal = declaration.getModuleSpecifier();
    return literal === undefined ? [] : [literal];
  });
}

/** The sources of one package with the imports between them. */
export function readTree(name) {
  const root = resolve(ROOT, name, "src");
  const project = new Project({ compilerOptions: { allowJs: false }, skipFileDependencyResolution: true });
  const files = project.addSourceFilesAtPaths(`${root}/**/*.ts`);
  const pathOf = (file) => relative(root, file.getFilePath());
  const imports = files.flatMap((file) =>
    specifiersOf(file).flatMap((literal) => {
      const parent = literal.getParent();
      const isDynamic = Node.isCallExpression(parent) && parent.getExpression().getKind() === SyntaxKind.ImportKeyword;
      const isImport = isDynamic || Node.isImportDeclaration(parent) || Node.isExportDeclaration(parent);
      const specifier = literal.getLiteralValue();
      if (!isImport || !specifier.startsWith(".")) return [];
      const target = project.getSourceFile(resolve(dirname(file.getFilePath()), specifier.replace(/\.js$/, ".ts")));
      return target === undefined ? [] : [{ from: pathOf(file), to: pathOf(target), declaration: parent }];
    }),
  );
  return { name, root, files, pathOf, imports, entries: new Set(PUBLIC[name].map((entry) => `${entry}.ts`)) };
}

/**
 * Groups of folders that import each other in a cycle of any length (strongly connected components), each as `a <-> b <-> c`.
 */
export function folderCycles({ imports }) {
  const next = new Map();
  for (const { from, to } of imports) {
    const [source, target] = [dirname(from), dirname(to)];
    next.set(source, (next.get(source) ?? new Set()).add(target));
  }
  const reachedBy = (folder) => {
    const reached = new Set();
    const visit = (one) => {
      for (const other of next.get(one) ?? []) {
        if (reached.has(other)) continue;
        reached.add(other);
        visit(other);
      }
    };
    visit(folder);
    return reached;
  };
  const reach = new Map([...next.keys()].map((folder) => [folder, reachedBy(folder)]));
  const groups = [...reach].map(([folder, reached]) =>
    [folder, ...[...reached].filter((other) => other !== folder && reach.get(other)?.has(folder))].sort(),
  );
  return [...new Set(groups.filter(({ length }) => length > 1).map((group) => group.join(" <-> ")))].sort();
}

/** The number of files that lie directly in each folder, the fullest first. */
export function fullestFolders({ files, pathOf }) {
  const counts = new Map();
  for (const file of files) {
    const folder = dirname(pathOf(file));
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a);
}

const isFunction = (node) =>
  Node.isFunctionDeclaration(node) ||
  Node.isMethodDeclaration(node) ||
  Node.isConstructorDeclaration(node) ||
  Node.isArrowFunction(node) ||
  Node.isFunctionExpression(node) ||
  Node.isMethodSignature(node) ||
  Node.isFunctionTypeNode(node);

const place = (node, pathOf) => `${pathOf(node.getSourceFile())}:${node.getStartLineNumber()}`;

/** Functions, methods and their types with five positional parameters or more; overloads of one count once. */
export function longLists({ files, pathOf }) {
  return files.flatMap((file) =>
    file
      .getDescendants()
      .filter((node) => isFunction(node) && node.getParameters().length >= 5)
      .map((node) => place(node, pathOf)),
  );
}

/** Boolean parameters of functions and methods that other code calls: exported ones, and public members of classes. */
export function booleanParameters({ files, pathOf }) {
  const isCalledByOthers = (node) => {
    if (Node.isFunctionDeclaration(node)) return node.isExported();
    if (Node.isConstructorDeclaration(node)) return true;
    if (Node.isMethodDeclaration(node)) return !node.getName().startsWith("#");
    return Node.isMethodSignature(node);
  };
  return files.flatMap((file) =>
    file
      .getDescendants()
      .filter((node) => isFunction(node) && isCalledByOthers(node))
      .flatMap((node) => node.getParameters().filter((parameter) => isBoolean(parameter)))
      .map((parameter) => place(parameter, pathOf)),
  );
}

function isBoolean(parameter) {
  const type = parameter.getTypeNode()?.getText();
  const value = parameter.getInitializer()?.getText();
  return type === "boolean" || value === "true" || value === "false";
}

/** Assignments to a field of another object that a class of this repository declares as its own. */
export function outsideWrites({ files, pathOf }) {
  const fields = new Set(
    files.flatMap((file) =>
      file.getClasses().flatMap((declaration) =>
        declaration
          .getProperties()
          .filter((property) => !property.isReadonly() && !property.getName().startsWith("#"))
          .map((property) => property.getName()),
      ),
    ),
  );
  return files.flatMap((file) =>
    file
      .getDescendantsOfKind(SyntaxKind.BinaryExpression)
      .filter((node) => node.getOperatorToken().getKind() === SyntaxKind.EqualsToken)
      .filter((node) => {
        const left = node.getLeft();
        if (!Node.isPropertyAccessExpression(left) || !fields.has(left.getName())) return false;
        return left.getExpression().getKind() !== SyntaxKind.ThisKeyword;
      })
      .map((node) => place(node, pathOf)),
  );
}

/** Files that name a member of ssh2 that is private: `_handlers`, `_chanInfo`. Node's own stream methods do not count. */
export function privateState({ files, pathOf }) {
  const stream = new Set(["_read", "_write", "_writev", "_final", "_destroy", "_construct", "_"]);
  return files
    .filter((file) => pathOf(file).startsWith("ssh/"))
    .filter((file) =>
      file.getDescendantsOfKind(SyntaxKind.Identifier).some((node) => {
        const parent = node.getParent();
        const isMember =
          (Node.isPropertyAccessExpression(parent) && parent.getNameNode() === node) ||
          Node.isPropertySignature(parent) ||
          Node.isMethodSignature(parent) ||
          (Node.isBindingElement(parent) && parent.getPropertyNameNode() === node);
        return isMember && node.getText().startsWith("_") && !stream.has(node.getText());
      }),
    )
    .map(pathOf);
}

/** Exported names that no other file imports, and no public entry passes on. */
export function unusedExports(packages) {
  return packages.flatMap(({ name: folder, files, pathOf, imports, entries }) => {
    const used = new Set([
      ...importsOfReference(folder),
      ...imports.flatMap(({ to, declaration }) => {
        const clause = Node.isImportDeclaration(declaration) || Node.isExportDeclaration(declaration);
        if (!clause) return [`${to} *`];
        const named = Node.isImportDeclaration(declaration)
          ? declaration.getNamedImports()
          : declaration.getNamedExports();
        const star = Node.isImportDeclaration(declaration) && declaration.getNamespaceImport() !== undefined;
        return [...named.map((name) => `${to} ${name.getName()}`), ...(star ? [`${to} *`] : [])];
      }),
    ]);
    return files
      .filter((file) => !entries.has(pathOf(file)))
      .flatMap((file) =>
        exportedNames(file)
          .filter((name) => !used.has(`${pathOf(file)} ${name}`) && !used.has(`${pathOf(file)} *`))
          .map((name) => `${pathOf(file)}: ${name}`),
      );
  });
}

/** The names that a file exports, by its syntax alone: the type checker takes seconds. */
function exportedNames(file) {
  const declared = file.getStatements().filter((node) => Node.isModifierable(node) && node.hasModifier("export"));
  return [
    ...declared.flatMap((node) => {
      if (node.hasModifier("default")) return ["default"];
      return Node.isVariableStatement(node) ? node.getDeclarations().map((one) => one.getName()) : [node.getName()];
    }),
    ...file.getExportAssignments().map(() => "default"),
    ...file
      .getExportDeclarations()
      .flatMap((list) => list.getNamedExports().map((one) => one.getAliasNode()?.getText() ?? one.getName())),
  ];
}

/** What the tables of docs/ import of a package: the defaults and bounds that they show, each as `file name`. */
function importsOfReference(folder) {
  const project = new Project({ compilerOptions: { allowJs: false }, skipFileDependencyResolution: true });
  return project.addSourceFilesAtPaths(resolve(ROOT, "scripts/docs/*.ts")).flatMap((file) =>
    file.getImportDeclarations().flatMap((declaration) => {
      const [, from, path] = /\/(runtime|codegen)\/src\/(.*)\.js$/.exec(declaration.getModuleSpecifierValue()) ?? [];
      if (from !== folder) return [];
      return declaration.getNamedImports().map((name) => `${path}.ts ${name.getName()}`);
    }),
  );
}

/** Files of at most twelve lines of which one file is the only importer. */
export function smallFiles(packages) {
  return packages.flatMap(({ files, pathOf, imports, entries }) =>
    files
      .filter((file) => !entries.has(pathOf(file)) && file.getFullText().trimEnd().split("\n").length <= 12)
      .filter((file) => new Set(imports.filter(({ to }) => to === pathOf(file)).map(({ from }) => from)).size === 1)
      .map(pathOf),
  );
}

/** Test files, and those of them that import a source file of a package in place of its public entry. */
export function testFiles() {
  const files = readdirSync(resolve(ROOT, "test"), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.test(-d)?\.ts$/.test(name) && !name.includes("node_modules"))
    .map((name) => resolve(ROOT, "test", name));
  const internal = files.filter((file) => {
    const specifiers = [...readFileSync(file, "utf8").matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)].map(
      ([, name]) => name,
    );
    return specifiers.some((specifier) => {
      const found = /\/(runtime|codegen)\/src\/(.+)\.js$/.exec(resolve(dirname(file), specifier));
      return found !== null && !PUBLIC[found[1]].includes(found[2]);
    });
  });
  return { files, internal };
}
