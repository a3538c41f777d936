import { generate } from "@sshrpc/codegen";
import { expect, test } from "vitest";
import { Project, schemaOf } from "../project.js";

const NAMES = [
  ["notes", "notes", "Notes"],
  ["people-list", "peopleList", "PeopleList"],
  ["snake_case", "snakeCase", "SnakeCase"],
  ["PascalCase", "pascalCase", "PascalCase"],
  ["URL", "url", "Url"],
  ["größe", "größe", "Größe"],
  ["v2", "v2", "V2"],
] as const;

test("a resource has its name in camelCase in code, and types that begin with it in PascalCase", async () => {
  const resources = NAMES.map(
    ([name], index) =>
      `"${name}": { path: "/r${index}", GET: { response: Type.Null(), errors: { NOT_FOUND: Type.String() } } }`,
  );
  const project = new Project({ "schema/api.ts": schemaOf(...resources) });
  await generate({ cwd: project.folder });
  const client = project.read("generated/client.d.ts");
  const types = project.read("generated/types.d.ts");
  for (const [, camel, pascal] of NAMES) {
    expect(client).toMatch(new RegExp(`^ *(?:readonly )?${camel}: `, "m"));
    expect(types).toMatch(new RegExp(` ${pascal}GetErrors\\b`));
  }
});

test("a property whose name is not an identifier is quoted in types", async () => {
  const names = ["a1", "_a", "$a", "größe", "1a", "", "a-b", "a b"];
  const fields = names.map((name) => `${JSON.stringify(name)}: Type.String()`).join(", ");
  const project = new Project({
    "schema/api.ts": schemaOf(`a: { GET: { response: Type.Object({ ${fields} }) } }`),
  });
  await generate({ cwd: project.folder });
  const types = project.read("generated/types.d.ts");
  for (const name of names.slice(0, 4)) expect(types).toContain(` ${name}: string;`);
  for (const name of names.slice(4)) expect(types).toContain(` ${JSON.stringify(name)}: string;`);
});
