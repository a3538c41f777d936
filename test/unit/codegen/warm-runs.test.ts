import { existsSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Generator } from "../../../codegen/src/generate.js";
import { rounds } from "../../rounds.js";
import { Project } from "./project.js";

const SEED = 20261130;

/** What a schema of several files looks like at one moment. */
interface Schema {
  /** The number of items, each a file with a type and a resource. */
  readonly items: number;
  /** A field of the type of each item. */
  readonly fields: readonly string[];
  /** A field of the type that all items use. */
  readonly sharedField: string;
  /** What the type that all items use is called. */
  readonly sharedName: string;
  /** Blank lines before the first item's type. */
  readonly blankLines: number;
  /** A comment of the first item. */
  readonly comment: string;
  /** Whether items import the shared type from a file that re-exports it. */
  readonly isReExported: boolean;
  /** Whether another file exports the first item's type by a name of its own. */
  readonly hasAlias: boolean;
  /** Whether items add themselves to a list of another module. */
  readonly isRegistered: boolean;
  /** Whether the resources come from a function. */
  readonly isMade: boolean;
  /** Whether two modules import each other; which of them runs first decides whether that works. */
  readonly circle: "none" | "works" | "fails";
  /** Whether a type contains itself. */
  readonly isRecursive: boolean;
  /** What is wrong with the last item. */
  readonly fault: "none" | "syntax" | "type" | "path" | "import" | "throws";
}

const FIRST: Schema = {
  items: 3,
  fields: ["a", "a", "a", "a", "a"],
  sharedField: "limit",
  sharedName: "Page",
  blankLines: 0,
  comment: "",
  isReExported: false,
  hasAlias: false,
  isRegistered: false,
  isMade: false,
  circle: "none",
  isRecursive: false,
  fault: "none",
};

const change: fc.Arbitrary<(schema: Schema) => Schema> = fc.oneof(
  fc.tuple(fc.nat(4), fc.constantFrom("a", "b", "c")).map(([index, field]) => (schema: Schema) => ({
    ...schema,
    fields: schema.fields.with(index, field),
  })),
  set("items", fc.integer({ min: 1, max: 5 })),
  set("sharedField", fc.constantFrom("limit", "after")),
  set("sharedName", fc.constantFrom("Page", "Range")),
  set("blankLines", fc.nat(3)),
  set("comment", fc.constantFrom("", "/** One item. */")),
  ...(["isReExported", "hasAlias", "isRegistered", "isMade", "isRecursive"] as const).map((key) =>
    set(key, fc.boolean()),
  ),
  set("circle", fc.constantFrom("none", "works", "works", "fails")),
  set("fault", fc.constantFrom("none", "none", "syntax", "type", "path", "import", "throws")),
);

function set<Key extends keyof Schema>(key: Key, value: fc.Arbitrary<Schema[Key]>) {
  return value.map(
    (next) =>
      (schema: Schema): Schema => ({ ...schema, [key]: next }),
  );
}

/** Each kind of change at least once, from {@link FIRST}. */
const EACH: readonly Partial<Schema>[] = [
  { fields: ["a", "b", "a", "a", "a"] },
  { blankLines: 2 },
  { sharedField: "after" },
  { sharedName: "Range" },
  { isReExported: true },
  { hasAlias: true },
  { hasAlias: false },
  { items: 4 },
  { items: 2 },
  { circle: "works" },
  { circle: "fails" },
  { isRecursive: true },
  { fault: "syntax" },
  { fault: "type" },
  { isRegistered: true },
  { fields: ["a", "c", "a", "a", "a"] },
  { isRegistered: false },
];

function filesOf(schema: Schema): Readonly<Record<string, string>> {
  const { sharedName, sharedField, isReExported, hasAlias, isRegistered } = schema;
  const names = Array.from({ length: schema.items }, (_, index) => index);
  return {
    "schema/shared.ts": `import Type from "typebox";
export const ${sharedName} = Type.Object({ ${sharedField}: Type.Integer() });
export const all: string[] = [];
export const made = (type: Type.TObject, path: string) => ({ path, GET: { response: type }, STORE: { request: type, response: Type.Null() } });
`,
    ...(isReExported ? { "schema/index.ts": `export { ${sharedName} } from "./shared.js";\n` } : {}),
    "schema/left.ts": 'import { right } from "./right.js";\nexport const left = right;\n',
    "schema/right.ts":
      'import { left } from "./left.js";\nexport const right = "1.0";\nexport const both = () => left + right;\n',
    ...(hasAlias ? { "schema/alias.ts": `import { Item0 } from "./item0.js";\nexport const First = Item0;\n` } : {}),
    ...Object.fromEntries(names.map((index) => [`schema/item${index}.ts`, itemOf(schema, index)])),
    "schema/api.ts": `import { defineApi } from "sshrpc/schema";
${CIRCLES[schema.circle]}${hasAlias ? 'export { First } from "./alias.js";\n' : ""}${isRegistered ? 'import { all } from "./shared.js";\n' : ""}${names.map((index) => `import { item${index} } from "./item${index}.js";\n`).join("")}
export default defineApi({
  name: "test",
  version: ${isRegistered ? 'all.join("-") || "none"' : schema.circle === "none" ? '"1.0.0"' : "left"},
  resources: { ${names.map((index) => `item${index}`).join(", ")} },
});
`,
  };
}

const IMPORTS = { left: 'import { left } from "./left.js";\n', right: 'import { right } from "./right.js";\n' };
const CIRCLES = {
  none: "",
  works: `${IMPORTS.left}${IMPORTS.right}export { right };\n`,
  fails: `${IMPORTS.right}${IMPORTS.left}export { right };\n`,
};

function itemOf(schema: Schema, index: number): string {
  const { sharedName, isReExported, isRegistered, isMade, isRecursive, blankLines, comment, items, fields } = schema;
  const fault = index === items - 1 ? schema.fault : "none";
  const properties = [
    `${fields[index]}: Type.String()`,
    `page: Type.Optional(${sharedName})`,
    ...(isRecursive && index === 1
      ? ['tree: Type.Cyclic({ Node: Type.Object({ next: Type.Optional(Type.Ref("Node")) }) }, "Node")']
      : []),
    ...(fault === "type" ? ["bad: Type.Function([], Type.Null())"] : []),
    ...(fault === "syntax" ? ["bad: ("] : []),
  ];
  const path = fault === "path" ? "/item/{missing}" : `/item${index}/{${fields[index]}}`;
  return `import Type from "typebox";
import { ${fault === "import" ? "Missing" : sharedName} } from "./${isReExported ? "index" : "shared"}.js";
import { all, made } from "./shared.js";
${index === 0 ? "\n".repeat(blankLines) + comment : ""}
export const Item${index} = Type.Object({ ${properties.join(", ")} });
${isRegistered ? `all.push("item${index}");` : ""}${fault === "throws" ? "Type.nothing();" : ""}
export const item${index} = ${
    isMade
      ? `made(Item${index}, "/item${index}")`
      : `{
  path: "${path}",
  /** Reads one. */
  GET: { request: Type.Object({ ${fields[index]}: Type.String() }), response: Type.Array(Item${index}), errors: { NOT_FOUND: Type.Object({ by: ${sharedName} }) } },
}`
  } as const;
`;
}

/** The generated files, or else the message of the failed run. */
async function outcome(project: Project, generator: Generator): Promise<unknown> {
  try {
    await generator.run();
    return Object.fromEntries(project.list("generated").map((name) => [name, project.read(`generated/${name}`)]));
  } catch (error) {
    return (error as Error).message;
  }
}

describe("a run of gen after a change", () => {
  it("gives what a first run gives, for each kind of change", async () => {
    const project = new Project({});
    await using warm = new Generator({ cwd: project.folder });
    let schema = FIRST;
    let before: readonly string[] = [];
    const each = EACH.map(
      (part) =>
        (last: Schema): Schema => ({ ...last, ...part }),
    );
    const random = fc.sample(change, { numRuns: rounds(100) * 3, seed: SEED });
    for (const [index, next] of [...each, ...random].entries()) {
      // A fault is for one run.
      schema = next({ ...schema, fault: "none", circle: schema.circle === "fails" ? "works" : schema.circle });
      const files = filesOf(schema);
      for (const name of before) if (!(name in files)) project.remove(name);
      for (const [name, text] of Object.entries(files)) project.write(name, text);
      before = Object.keys(files);
      const found = await outcome(project, warm);
      // The limit is part of what a thread keeps results by: another one runs everything.
      await using cold = new Generator({ cwd: project.folder, loadTimeout: 30_000 + index });
      if (existsSync(join(project.folder, "generated"))) project.remove("generated");
      expect(found, JSON.stringify(schema)).toEqual(await outcome(project, cold));
    }
  }, 300_000);
});
