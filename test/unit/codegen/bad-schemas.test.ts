import { generate, SchemaProblem } from "@sshrpc/codegen";
import { describe, expect, test } from "vitest";
import { BAD_SCHEMAS } from "./bad-schemas.js";
import { Project, schemaOf } from "./project.js";

const HEAD = 'import Type from "typebox";\nimport { defineApi } from "sshrpc/schema";\n';

/** A schema with one method, whose response is `type`, on line 4 after the line `before`. */
function withResponse(type: string, before: string): string {
  return `${HEAD}${before}\nexport default defineApi({ name: "t", version: "1", resources: { a: { GET: { response: ${type} } } } });\n`;
}

async function problemsOf(project: Project): Promise<readonly string[]> {
  const error = await generate({ cwd: project.folder }).catch((thrown: unknown) => thrown);
  if (error instanceof SchemaProblem) return error.message.split("\n");
  throw error;
}

describe("a mistake in a schema is reported with its line and column", () => {
  test.each(BAD_SCHEMAS.map(([resources, problems]) => [resources.join(" | "), resources, problems] as const))(
    "%s",
    async (_title, resources, problems) => {
      const project = new Project({ "schema/api.ts": schemaOf(...resources) });
      expect(await problemsOf(project)).toEqual(problems.map((problem) => `schema/api.ts:${problem}`));
    },
  );
});

const TYPES = 'import Type from "typebox";\nexport const Note = Type.Null();\n';

test.each<[title: string, files: Readonly<Record<string, string>>, problem: string]>([
  [
    "a misspelled import",
    { "schema/types.ts": TYPES, "schema/api.ts": withResponse("Nte", 'import { Nte } from "./types.js";') },
    '3:10: "./types.js" has no export Nte (did you mean "Note"?); it exports Note',
  ],
  [
    "a default import of a module without one",
    { "schema/types.ts": TYPES, "schema/api.ts": withResponse("note", 'import note from "./types.js";') },
    '3:8: "./types.js" has no default export; it exports Note',
  ],
  [
    "a misspelled re-export",
    { "schema/types.ts": TYPES, "schema/api.ts": withResponse("Type.Null()", 'export { Notes } from "./types.js";') },
    '3:10: "./types.js" has no export Notes (did you mean "Note"?); it exports Note',
  ],
  [
    "an alias of tsconfig.json",
    {
      "tsconfig.json": '{ // with a comment\n "compilerOptions": { "paths": { "@app/*": ["./src/*"] } } }',
      "schema/api.ts": withResponse("Note", 'import { Note } from "@app/note";'),
    },
    '3:22: the alias "@app/note" of tsconfig.json "paths" works only in the compiler, not in Node; write "../src/note.js"',
  ],
  [
    "a type of 5,000 levels",
    {
      "schema/api.ts": withResponse(
        "deep",
        "let deep: any = Type.Null(); for (let i = 0; i < 5000; i++) deep = Type.Array(deep);",
      ),
    },
    `4:78: resources.a.GET.response${"[]".repeat(100)}: nested more than 100 levels deep; export the inner types as constants`,
  ],
  [
    "an expression of 5,000 levels",
    { "schema/api.ts": withResponse(`${"Type.Array(".repeat(5000)}Type.Null()${")".repeat(5000)}`, "") },
    "4:1143: expressions are nested too deeply to be parsed; export the inner types as constants",
  ],
])("%s is reported at its place", async (_title, files, problem) => {
  expect(await problemsOf(new Project(files))).toEqual([`schema/api.ts:${problem}`]);
});

test("positions are right in a folder whose name has spaces and parentheses", async () => {
  const project = new Project({
    "my schema (1)/api.ts": "const a = 1;\n\n  throw new Error('x');\nexport default a;\n",
  });
  const run = generate({ cwd: project.folder, schema: "my schema (1)/api.ts" });
  await expect(run).rejects.toThrow(/^my schema \(1\)\/api\.ts:3:9: Error: x$/);
});

test("names of types are no unknown imports, nor are those of export *", async () => {
  const project = new Project({
    "schema/more.ts":
      "export interface Shape { a: 1 }\nexport class Made {}\nexport const { x, y: [z] } = { x: 1, y: [2] };\n",
    "schema/types.ts": `${TYPES}export * from "./more.js";\nexport * as all from "./more.js";\nexport enum Kind { A }\n`,
    "schema/api.ts": withResponse("Note", 'import { Note, Shape, Made, x, z, all, Kind } from "./types.js";'),
  });
  expect(await generate({ cwd: project.folder })).toMatchObject({ removed: [] });
});
