import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Node, Project, type SourceFile, SyntaxKind } from "ts-morph";
import { describe, expect, test } from "vitest";
import { folderCycles, unusedExports } from "../../scripts/tree.js";
import { cycles, type Import, type Package, readPackage, show } from "./sources.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const runtime = readPackage("runtime");
const codegen = readPackage("codegen");

/** From left to right: a module may import from groups to its left, never from its own group. */
const GROUPS: readonly (readonly string[])[] = [
  ["base"],
  ["contract"],
  ["codec"],
  ["wire"],
  ["client", "server", "ssh"],
  ["openssh", "terminal", "observe"],
  ["nats"],
  ["adapters"],
  ["compose"],
  [
    "cli",
    "schema.ts",
    "server.ts",
    "client.ts",
    "testing.ts",
    "generated.ts",
    "prompts.ts",
    "contract.ts",
    "otel.ts",
    "metrics.ts",
    "nats.ts",
  ],
  ["config.ts"],
];

/** The files that re-export names for other packages. */
const ENTRIES = new Set([
  "schema.ts",
  "server.ts",
  "client.ts",
  "testing.ts",
  "generated.ts",
  "prompts.ts",
  "contract.ts",
  "config.ts",
  "otel.ts",
  "metrics.ts",
  "nats.ts",
]);
const CODEGEN_ENTRIES = new Set(["index.ts", "diff.ts", "lint.ts", "cli/commands.ts"]);

/** A module is a folder, or a file outside any folder. */
const moduleOf = (file: string): string => file.split("/")[0] as string;
const rank = (file: string): number => GROUPS.findIndex((group) => group.includes(moduleOf(file)));
const packageOf = (specifier: string): string => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;

/** The methods that a subclass of a Node stream defines, and its `super` calls. */
const HOOKS = new Set(["_construct", "_read", "_write", "_writev", "_final", "_destroy", "_transform", "_flush"]);

/** The places of a file that name a private member, as `line text`. A text counts, too: it may become a key. `_OTHER` is a constant. */
function privateNames(file: SourceFile): string[] {
  // Few files need the walk through all of their nodes.
  if (!/\b_[A-Za-z]/.test(file.getFullText())) return [];
  const nameOf = (node: Node): string | undefined => {
    if (Node.isPropertyAccessExpression(node)) return node.getName();
    if (Node.isStringLiteral(node) || Node.isNoSubstitutionTemplateLiteral(node)) return node.getLiteralText();
    if (Node.isBindingElement(node)) {
      const isObject = Node.isObjectBindingPattern(node.getParent());
      return isObject ? (node.getPropertyNameNode() ?? node.getNameNode()).getText() : undefined;
    }
    if (Node.isPropertySignature(node) || Node.isMethodSignature(node)) return node.getName();
    return undefined;
  };
  return file
    .getDescendants()
    .filter((node) => /^_(?![A-Z]+$)[A-Za-z]\w*$/.test(nameOf(node) ?? "") && !HOOKS.has(nameOf(node) as string))
    .map((node) => `${node.getStartLineNumber()} ${node.getText()}`);
}

function breaking({ imports }: Package, breaks: (found: Import) => boolean): string[] {
  return imports.filter(breaks).map(show);
}

describe("the runtime", () => {
  test("consists of modules that are listed in the order of layers", () => {
    expect(runtime.names.filter((name) => rank(name) < 0)).toEqual([]);
  });

  test("imports from the left only", () => {
    const wrong = ({ from, to }: Import): boolean =>
      to !== undefined && moduleOf(from) !== moduleOf(to) && rank(to) >= rank(from);
    expect(breaking(runtime, wrong)).toEqual([]);
  });

  test("imports only files that exist", () => {
    const lost = ({ specifier, to }: Import): boolean => specifier.startsWith(".") && to === undefined;
    expect(breaking(runtime, lost)).toEqual([]);
  });

  test("never imports its public entries: they are for other packages", () => {
    expect(breaking(runtime, ({ to }) => to !== undefined && ENTRIES.has(to))).toEqual([]);
  });

  test.each([
    ["ssh2", ["ssh"]],
    ["ajv", ["codec"]],
    ["ajv-formats", ["codec"]],
    ["secure-json-parse", ["codec"]],
    ["commander", ["cli"]],
    ["ms", ["base", "cli"]],
    ["jiti", ["cli"]],
    ["@opentelemetry/api", ["observe"]],
    ["prom-client", ["observe"]],
    ["@nats-io/transport-node", ["nats"]],
    ["@nats-io/jetstream", ["nats"]],
    ["@nats-io/kv", ["nats"]],
    ["typebox", ["contract"]],
  ])("imports %s only in %s", (name, modules) => {
    const wrong = ({ from, specifier }: Import): boolean =>
      packageOf(specifier) === name && !modules.includes(moduleOf(from));
    expect(breaking(runtime, wrong)).toEqual([]);
  });

  test("imports nothing but base in its SSH layer, which knows nothing of RPC", () => {
    const allowed = new Set(["ssh", "base"]);
    const wrong = ({ from, to }: Import): boolean =>
      moduleOf(from) === "ssh" && to !== undefined && !allowed.has(moduleOf(to));
    expect(breaking(runtime, wrong)).toEqual([]);
  });

  test("takes the names of the protocol above SSH from its callers", () => {
    const named = runtime.files.flatMap((file, index) => {
      const name = runtime.names[index] as string;
      if (!name.startsWith("ssh/")) return [];
      return file
        .getDescendantsOfKind(SyntaxKind.StringLiteral)
        .filter((node) => node.getLiteralValue() === "sshrpc")
        .map((node) => `${name}:${node.getStartLineNumber()}`);
    });
    expect(named).toEqual([]);
  });

  test("keeps SSH client and server apart: neither imports the other, and their shared modules import neither", () => {
    const sideOf = (file: string): string => /^ssh\/(client|server|keys)\//.exec(file)?.[1] ?? "both";
    const wrong = ({ from, to }: Import): boolean => {
      if (to === undefined || moduleOf(from) !== "ssh" || moduleOf(to) !== "ssh") return false;
      const [user, used] = [sideOf(from), sideOf(to)];
      if (used === "client" || used === "server") return user !== used;
      return user === "keys" && used !== "keys";
    };
    expect(breaking(runtime, wrong)).toEqual([]);
  });

  test("accesses the private state of ssh2 only in ssh/ssh2", () => {
    const touches = runtime.files.flatMap((file, index) => {
      const name = runtime.names[index] as string;
      // That of Node, in one place.
      if (name === "base/net/listening-descriptor.ts") return [];
      return name.startsWith("ssh/ssh2/") ? [] : privateNames(file).map((touch) => `${name}:${touch}`);
    });
    expect(touches).toEqual([]);
    const deep = ({ from, specifier }: Import): boolean =>
      specifier.startsWith("ssh2/") && !from.startsWith("ssh/ssh2/");
    expect(breaking(runtime, deep)).toEqual([]);
  });

  test.each([
    "client._protocol;",
    'client["_protocol"];',
    "client[`_protocol`];",
    'Reflect.get(client, "_protocol");',
    'const name = "_protocol"; client[name];',
    "const { _protocol } = client;",
    "interface Open { readonly _protocol: object }",
  ])("finds an access to private state: %s", (text) => {
    const file = new Project({ useInMemoryFileSystem: true }).createSourceFile("x.ts", text);
    expect(privateNames(file)).toEqual([expect.stringContaining("1 ")]);
  });

  test("never imports codegen statically: the `gen` command loads it by name on demand", () => {
    expect(breaking(runtime, ({ specifier }) => packageOf(specifier) === "@sshrpc/codegen")).toEqual([]);
  });

  test("loads SSH only when it dials or serves an address, so that an in-memory client starts fast", () => {
    const reached = new Set<string>();
    const follow = (file: string): void => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const { from, to, dynamic, specifier } of runtime.imports) {
        if (from !== file || dynamic || to === undefined) continue;
        if (isTypeOnly(file, specifier)) continue;
        follow(to);
      }
    };
    follow("client.ts");
    follow("generated.ts");
    expect([...reached].filter((file) => moduleOf(file) === "ssh")).toEqual([]);
  });
});

describe("codegen", () => {
  test("imports only public entries of the runtime", () => {
    const entries = Object.keys(runtime.manifest.exports).map((entry) => entry.replace(/^\./, "sshrpc"));
    const wrong = ({ specifier }: Import): boolean => packageOf(specifier) === "sshrpc" && !entries.includes(specifier);
    expect(breaking(codegen, wrong)).toEqual([]);
    expect(breaking(codegen, ({ specifier }) => /(^|\/)runtime\//.test(specifier))).toEqual([]);
  });

  test("writes files only at its edges: emitters and the model are pure", () => {
    const pure = new Set(["emit", "model"]);
    const wrong = ({ from, specifier }: Import): boolean =>
      pure.has(moduleOf(from)) && /^node:(fs|child_process|net)/.test(specifier);
    expect(breaking(codegen, wrong)).toEqual([]);
  });

  test("keeps loading, the model and emitters apart: emitters import the model, the model imports neither", () => {
    const emitterLoads = ({ from, to }: Import): boolean =>
      moduleOf(from) === "emit" && to !== undefined && moduleOf(to) === "load";
    const modelEmits = ({ from, to }: Import): boolean =>
      moduleOf(from) === "model" && to !== undefined && moduleOf(to) === "emit";
    expect([...breaking(codegen, emitterLoads), ...breaking(codegen, modelEmits)]).toEqual([]);
  });
});

describe.each([
  ["runtime", runtime, ENTRIES],
  ["codegen", codegen, CODEGEN_ENTRIES],
] as const)("%s", (_, sources, entries) => {
  test("has no import cycle, type imports included", () => {
    expect(cycles(sources)).toEqual([]);
  });

  test("names everything that it exports", () => {
    const stars = sources.files.flatMap((file) =>
      file.getExportDeclarations().filter((declaration) => !declaration.hasNamedExports()),
    );
    expect(stars.map((star) => `${star.getSourceFile().getBaseName()}: ${star.getText()}`)).toEqual([]);
  });

  test("reads the process in its commands only through their parameter, so that tests run them in one process", () => {
    const uses = sources.files.flatMap((file, index) => {
      const name = sources.names[index] as string;
      if (!name.startsWith("cli/")) return [];
      return [
        ...file.getDescendantsOfKind(SyntaxKind.Identifier),
        ...file.getDescendantsOfKind(SyntaxKind.StringLiteral),
      ]
        .filter((node) => /^(?:process|console|["'](?:node:)?process["'])$/.test(node.getText()))
        .map((node) => `${name}:${node.getStartLineNumber()}`);
    });
    expect(uses).toEqual([]);
  });

  test("re-exports names only in its public entries", () => {
    const wrong = sources.files.filter((file, index) => {
      const passes = file.getExportDeclarations().some((declaration) => declaration.hasModuleSpecifier());
      return passes && !entries.has(sources.names[index] as string);
    });
    // Generated validators import only sshrpc/generated, which therefore re-exports parts of ajv.
    expect(wrong.map((file) => file.getBaseName()).filter((name) => name !== "ajv-runtime.ts")).toEqual([]);
  });

  test("imports only packages that its own package.json lists", () => {
    const { name, dependencies, peerDependencies = {} } = sources.manifest;
    const listed = new Set([name, ...Object.keys(dependencies), ...Object.keys(peerDependencies)]);
    const wrong = ({ specifier }: Import): boolean =>
      !/^(\.|node:)/.test(specifier) && !listed.has(packageOf(specifier));
    expect(breaking(sources, wrong)).toEqual([]);
  });

  test("documents every public export", () => {
    // Exports are keywords at declarations, which need no type checker to be found; entries pass on what other files declare.
    const lists = sources.files.flatMap((file) =>
      file.getExportDeclarations().filter((declaration) => !declaration.hasModuleSpecifier()),
    );
    expect(lists.map((list) => list.getText()).filter((text) => text !== "export {};")).toEqual([]);
    const silent = sources.files.flatMap((file) =>
      file
        .getStatements()
        .filter((statement) => Node.isModifierable(statement) && statement.hasModifier("export"))
        .filter((statement) => Node.isJSDocable(statement) && statement.getJsDocs().length === 0)
        .map((statement) => `${file.getBaseName()}:${statement.getStartLineNumber()}`),
    );
    expect(silent).toEqual([]);
  });
});

test("no folders import each other, also not by way of others", () => {
  expect([...folderCycles(runtime.tree), ...folderCycles(codegen.tree)]).toEqual([]);
});

test("a cycle of folders of any length is found, as one group", () => {
  const imports = [
    ["a/x.ts", "b/x.ts"],
    ["b/y.ts", "c/x.ts"],
    ["c/x.ts", "a/y.ts"],
    ["c/x.ts", "d/x.ts"],
    ["d/x.ts", "d/y.ts"],
  ].map(([from, to]) => ({ from, to }));
  expect(folderCycles({ imports })).toEqual(["a <-> b <-> c"]);
});

test("every exported name is imported by another file, or passed on by a public entry", () => {
  expect(unusedExports([runtime.tree, codegen.tree])).toEqual([]);
});

test.each([
  "ARCHITECTURE.md",
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "PROTOCOL.md",
  "examples/README.md",
  ...readdirSync(`${ROOT}docs`, { encoding: "utf8", recursive: true })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
])("every file that %s links to exists", (document) => {
  const text = readFileSync(`${ROOT}${document}`, "utf8");
  const folder = document.includes("/") ? `${ROOT}${document.replace(/[^/]+$/, "")}` : ROOT;
  const links = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g)].map(
    ([, path]) => path as string,
  );
  expect(links.filter((path) => !existsSync(folder + path))).toEqual([]);
});

function isTypeOnly(file: string, specifier: string): boolean {
  const source = runtime.files[runtime.names.indexOf(file)];
  const declarations = [...(source?.getImportDeclarations() ?? []), ...(source?.getExportDeclarations() ?? [])];
  return declarations
    .filter((declaration) => declaration.getModuleSpecifierValue() === specifier)
    .every((declaration) => {
      if (declaration.isTypeOnly()) return true;
      const names = Node.isImportDeclaration(declaration)
        ? declaration.getNamedImports()
        : declaration.getNamedExports();
      return names.length > 0 && names.every((name) => name.isTypeOnly());
    });
}
