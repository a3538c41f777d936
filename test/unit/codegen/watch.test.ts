import { renameSync } from "node:fs";
import { join } from "node:path";
import { generate, SchemaProblem, type WatchRun, watch } from "@sshrpc/codegen";
import { expect, onTestFinished, test, vi } from "vitest";
import { Project, schemaOf } from "./project.js";

const HELLO = "hello: { GET: { response: Type.String() } }";
const MORE = "more: { GET: { response: Type.Null() } }";

/** Starts a watch that is closed when the test ends. `after` waits for its next run. */
async function watched(project: Project) {
  const runs: WatchRun[] = [];
  const watching = await watch({ cwd: project.folder }, (run) => {
    runs.push(run);
  });
  onTestFinished(() => watching.close());
  /** Calls `change` and returns the first run after it for which `fits` returns true. */
  const after = async (change: () => void, fits: (run: WatchRun) => boolean): Promise<WatchRun> => {
    const before = runs.length;
    change();
    return vi.waitFor(
      () => {
        const run = runs.slice(before).find(fits);
        if (run === undefined) throw new Error(`no such run among ${JSON.stringify(runs.slice(before))}`);
        return run;
      },
      { timeout: 30_000, interval: 10 },
    );
  };
  return { runs, watching, after };
}

const wrote = ({ result }: WatchRun) => (result?.written.length ?? 0) > 0;
const failed = ({ error }: WatchRun) => error !== undefined;

test("a watch generates at once and after each save", async () => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO) });
  const { runs, after } = await watched(project);
  expect(runs).toHaveLength(1);
  expect(project.read("generated/client.d.ts")).toContain("HelloMethods");
  const run = await after(() => project.write("schema/api.ts", schemaOf(HELLO, MORE)), wrote);
  expect(run.changed).toEqual(["schema/api.ts"]);
  expect(run.result?.written).toContain("client.d.ts");
  expect(project.read("generated/client.d.ts")).toContain("MoreMethods");
});

test("a watch generates the same files as a first run", async () => {
  const later = schemaOf(
    HELLO,
    "notes: { STORE: { request: Type.Object({ a: Type.String() }), response: Type.Null() } }",
  );
  const cold = new Project({ "schema/api.ts": later });
  await generate({ cwd: cold.folder });
  const warm = new Project({ "schema/api.ts": schemaOf(HELLO) });
  const { after } = await watched(warm);
  await after(() => warm.write("schema/api.ts", later), wrote);
  const files = cold.list("generated");
  expect(warm.list("generated")).toEqual(files);
  for (const file of files) expect(warm.read(`generated/${file}`)).toBe(cold.read(`generated/${file}`));
});

test("a watch generates the same files as a first run after a change of a type that others use", async () => {
  const tagged = (tag: string, note: string): string =>
    [
      'import Type from "typebox";',
      'import { defineApi } from "sshrpc/schema";',
      `export const Tag = ${tag};`,
      `export const Note = Type.Object({ ${note} });`,
      "const notes = { GET: { request: Type.Object({ tag: Tag }), response: Note }, STORE: { request: Note, response: Type.Null() } };",
      'export default defineApi({ name: "t", version: "1.0.0", resources: { notes } });',
      "",
    ].join("\n");
  const project = new Project({
    "schema/api.ts": tagged("Type.String({ maxLength: 8 })", "id: Type.Integer(), tag: Tag"),
  });
  const { after } = await watched(project);
  for (const [tag, note] of [
    ["Type.String({ maxLength: 9 })", "id: Type.Integer(), tag: Tag"],
    ["Type.String({ maxLength: 9 })", "tag: Tag, id: Type.Integer()"],
    ["Type.Array(Type.String())", "tag: Tag, id: Type.Integer()"],
    ["Type.Object({ a: Type.Null() })", "tag: Tag, id: Type.Integer()"],
    ["Type.Object({ a: Type.Null() }, { additionalProperties: true })", "tag: Tag, id: Type.Integer()"],
    ["Type.Union([Type.Null(), Type.Integer()])", "tag: Type.Optional(Tag)"],
  ] as const) {
    const text = tagged(tag, note);
    await after(() => project.write("schema/api.ts", text), wrote);
    const cold = new Project({ "schema/api.ts": text });
    await generate({ cwd: cold.folder });
    const files = cold.list("generated");
    expect(project.list("generated")).toEqual(files);
    for (const file of files)
      expect(project.read(`generated/${file}`), `${file}: ${text}`).toBe(cold.read(`generated/${file}`));
  }
});

test("a broken schema is reported and leaves the output unchanged until it is fixed", async () => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO) });
  const { after } = await watched(project);
  const before = project.read("generated/client.d.ts");
  const broken = await after(() => project.write("schema/api.ts", "export default {\n  name: ;\n"), failed);
  expect(broken.error).toBeInstanceOf(SchemaProblem);
  expect(String(broken.error)).toContain("schema/api.ts:2:9: Expression expected.");
  expect(project.read("generated/client.d.ts")).toBe(before);
  await after(() => project.write("schema/api.ts", schemaOf(HELLO, MORE)), wrote);
  expect(project.read("generated/client.d.ts")).toContain("MoreMethods");
});

test("a watch starts with a missing or broken schema", async () => {
  const project = new Project({});
  const { runs, after } = await watched(project);
  expect(String(runs[0]?.error)).toContain("schema/api.ts:1:1: no such file");
  await after(() => project.write("schema/api.ts", schemaOf(HELLO)), wrote);
  expect(project.read("generated/client.d.ts")).toContain("HelloMethods");
});

test("a new import is watched, even when its file appears later in a new folder", async () => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO) });
  const { after } = await watched(project);
  const importing = `import { Note } from "./deep/note.js";\n${schemaOf("note: { GET: { response: Note } }")}`;
  const missing = await after(() => project.write("schema/api.ts", importing), failed);
  expect(String(missing.error)).toContain('schema/api.ts:1:22: cannot resolve the import "./deep/note.js"');
  const note = (field: string) =>
    `import Type from "typebox";\nexport const Note = Type.Object({ ${field}: Type.String() });\n`;
  await after(() => project.write("schema/deep/note.ts", note("first")), wrote);
  expect(project.read("generated/types.d.ts")).toContain("first: string");
  await after(() => project.write("schema/deep/note.ts", note("second")), wrote);
  expect(project.read("generated/types.d.ts")).toContain("second: string");
});

test("repeated saves by rename are detected", async () => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO) });
  const { after } = await watched(project);
  for (const name of ["one", "two"]) {
    await after(() => {
      project.write("schema/.api.ts.swp", schemaOf(HELLO, `${name}: { GET: { response: Type.Null() } }`));
      renameSync(join(project.folder, "schema/.api.ts.swp"), join(project.folder, "schema/api.ts"));
    }, wrote);
    expect(project.read("generated/client.d.ts")).toContain(`readonly ${name}:`);
  }
});

const another = (name: string) => schemaOf(HELLO, `${name}: { GET: { response: Type.Null() } }`);

test("a schema whose folder is repeatedly removed and created again remains watched", async () => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO) });
  const { after } = await watched(project);
  for (const name of ["one", "two"]) {
    await after(() => project.remove("schema"), failed);
    // Wait for the remaining events of the removal.
    await new Promise((done) => setTimeout(done, 300));
    await after(() => project.write("schema/api.ts", another(name)), wrote);
    expect(project.read("generated/client.d.ts")).toContain(`readonly ${name}:`);
    await after(() => project.write("schema/api.ts", another(`${name}More`)), wrote);
    expect(project.read("generated/client.d.ts")).toContain(`readonly ${name}More:`);
  }
});

test("a schema whose folder is repeatedly replaced by a rename remains watched", async () => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO) });
  const { after } = await watched(project);
  for (const name of ["one", "two"]) {
    project.write("new/api.ts", another(name));
    await after(() => {
      renameSync(join(project.folder, "schema"), join(project.folder, `before-${name}`));
      renameSync(join(project.folder, "new"), join(project.folder, "schema"));
    }, wrote);
    expect(project.read("generated/client.d.ts")).toContain(`readonly ${name}:`);
    await after(() => project.write("schema/api.ts", another(`${name}More`)), wrote);
    await after(() => {
      project.remove("schema");
      project.write("schema/api.ts", another(`${name}Again`));
    }, wrote);
    expect(project.read("generated/client.d.ts")).toContain(`readonly ${name}Again:`);
    await after(() => project.write("schema/api.ts", another(`${name}Last`)), wrote);
    expect(project.read("generated/client.d.ts")).toContain(`readonly ${name}Last:`);
  }
});

test("simultaneous changes cause one run", async () => {
  const project = new Project({
    "schema/api.ts": `import { a } from "./a.js";\nimport { b } from "./b.js";\n${schemaOf("...a", "...b")}`,
    "schema/a.ts": `import Type from "typebox";\nexport const a = { ${HELLO} };\n`,
    "schema/b.ts": `import Type from "typebox";\nexport const b = { ${MORE} };\n`,
  });
  const { runs, after } = await watched(project);
  const run = await after(() => {
    project.write(
      "schema/a.ts",
      `import Type from "typebox";\nexport const a = { ${HELLO.replace("hello", "hi")} };\n`,
    );
    project.write(
      "schema/b.ts",
      `import Type from "typebox";\nexport const b = { ${MORE.replace("more", "less")} };\n`,
    );
  }, wrote);
  expect(run.changed).toEqual(["schema/a.ts", "schema/b.ts"]);
  expect(runs).toHaveLength(2);
});

test("a closed watch does not generate", async () => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO) });
  const { runs, watching } = await watched(project);
  await watching.close();
  project.write("schema/api.ts", schemaOf(HELLO, MORE));
  await new Promise((done) => setTimeout(done, 200));
  expect(runs).toHaveLength(1);
});

test("an error in the first call of onRun rejects the watch and closes it", async () => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO) });
  let runs = 0;
  const watching = watch({ cwd: project.folder }, () => {
    runs++;
    throw new Error("not now");
  });
  await expect(watching).rejects.toThrow("not now");
  project.write("schema/api.ts", schemaOf(HELLO, MORE));
  await new Promise((done) => setTimeout(done, 200));
  expect(runs).toBe(1);
});
