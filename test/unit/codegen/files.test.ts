import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generate } from "@sshrpc/codegen";
import type { Api, Method } from "sshrpc/generated";
import { expect, test } from "vitest";
import { sshrpc } from "../runtime/cli/run.js";
import { Project, schemaOf } from "./project.js";

const NOTE = "GET: { request: Type.Object({ id: Type.Integer() }), response: Type.Object({ text: Type.String() }) }";

test("a checkout with CRLF, schema included, is up to date", async () => {
  const project = new Project({ "schema/api.ts": schemaOf(`/** One.\n     * More. */ a: { ${NOTE} }`) });
  await generate({ cwd: project.folder });
  for (const name of ["schema/api.ts", ...project.list("generated").map((one) => `generated/${one}`)]) {
    const file = join(project.folder, name);
    writeFileSync(file, readFileSync(file, "utf8").replaceAll("\n", "\r\n"));
  }
  expect(await sshrpc(["gen", "--check"], { cwd: project.folder })).toMatchObject({ status: 0, stderr: "" });
});

test("emptied generated files are written again", async () => {
  const project = new Project({ "schema/api.ts": schemaOf(`a: { ${NOTE} }`) });
  await generate({ cwd: project.folder });
  const names = project.list("generated");
  for (const name of names) project.write(`generated/${name}`, "");
  expect((await generate({ cwd: project.folder })).written).toEqual(names);
});

test("equal inline shapes have one validator", async () => {
  const project = new Project({ "schema/api.ts": schemaOf(`a: { ${NOTE} }`, `b: { ${NOTE} }`, `c: { ${NOTE} }`) });
  await generate({ cwd: project.folder });
  expect(project.read("generated/validators.js").match(/^const \w+ = function /gm)).toHaveLength(2);
  expect(project.read("generated/validators.js")).not.toContain("schemaPath");
});

test("objects and arrays that several types repeat have one validator, whose issues name the whole path", async () => {
  const tags = "tags: Type.Array(Type.String({ maxLength: 32 }), { maxItems: 16 })";
  const owner =
    "owner: Type.Object({ id: Type.Integer(), name: Type.String(), home: Type.Object({ city: Type.String() }) })";
  const resource = (name: string) =>
    `${name}: { STORE: { request: Type.Object({ ${name}: Type.Integer(), ${tags}, ${owner} }), response: Type.Null() } }`;
  const project = new Project({ "schema/api.ts": schemaOf(...["a", "b", "c"].map(resource)) });
  await generate({ cwd: project.folder });
  const text = project.read("generated/validators.js");
  expect(text.match(/"maxItems"/g)).toHaveLength(1);
  expect(text.match(/"home"/g)).toHaveLength(2);
  const { api } = (await import(join(project.folder, "generated/api.js"))) as { api: Api };
  const { request } = api.methods.find(({ id }) => id === "STORE /b") as Method;
  expect(request({ b: 1, tags: ["x", "y".repeat(33)], owner: { id: 1, name: "n", home: { city: 2 } } })).toBe(false);
  expect(request.errors?.map(({ instancePath }) => instancePath)).toEqual(["/tags/1", "/owner/home/city"]);
});

test("a second run notices that nothing has changed, and each kind of change", async () => {
  const project = new Project({ "schema/api.ts": schemaOf(`a: { ${NOTE} }`) });
  const run = () => generate({ cwd: project.folder });
  expect((await run()).written).not.toEqual([]);
  expect((await run()).written).toEqual([]);
  project.write("schema/api.ts", schemaOf(`a: { ${NOTE} }`, `b: { ${NOTE} }`));
  expect((await run()).written).toContain("client.d.ts");
  project.write("generated/client.d.ts", `${project.read("generated/client.d.ts")}// mine\n`);
  expect((await run()).written).toEqual(["client.d.ts"]);
  project.remove("generated/types.d.ts");
  expect((await run()).written).toEqual(["types.d.ts"]);
});

test("a schema that reads another file runs again each time", async () => {
  const head =
    'import { readFileSync } from "node:fs";\nconst name = readFileSync(new URL("name.txt", import.meta.url), "utf8");\n';
  const schema = head + schemaOf("[name]: { GET: { response: Type.Null() } }");
  const project = new Project({ "schema/api.ts": schema, "schema/name.txt": "one" });
  await generate({ cwd: project.folder });
  project.write("schema/name.txt", "two");
  expect((await generate({ cwd: project.folder })).written).toContain("client.d.ts");
  expect(project.read("generated/client.d.ts")).toContain("two: TwoMethods");
});

test("definitions of one name in two recursive types have two names", async () => {
  const cyclic = (value: string) =>
    `Type.Cyclic({ Node: Type.Object({ value: Type.${value}(), next: Type.Optional(Type.Ref("Node")) }) }, "Node")`;
  const project = new Project({
    "schema/api.ts": schemaOf(
      `a: { GET: { response: ${cyclic("String")} } }`,
      `b: { GET: { response: ${cyclic("Integer")} } }`,
      `c: { GET: { response: ${cyclic("String")} } }`,
    ),
  });
  await generate({ cwd: project.folder });
  expect(project.read("generated/types.d.ts").match(/^export (interface|type) \w+/gm)).toEqual([
    "export interface Node",
    "export interface Node2",
  ]);
});
