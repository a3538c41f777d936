import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generate } from "@sshrpc/codegen";
import type { Contract, MethodContract } from "sshrpc/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { IS_FULL } from "../../rounds.js";
import { type Editor, openEditor, type Shown, showMarked } from "./editor.js";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
// A clone has no maps: they are not committed.
beforeAll(() => generate({ cwd: REPOSITORY }), 60_000);

const CONTRACT = JSON.parse(readFileSync(`${REPOSITORY}generated/api.json`, "utf8")) as Contract;

/** A schema with everything that a hover can show. */
const JOBS = `import { defineApi } from "sshrpc/schema";
import Type from "typebox";

/** The name of a queue. */
export const Queue = Type.String({ pattern: "^[a-z]+@\`\\\\d*$", maxLength: 40 });

/** One job. */
export const Job = Type.Object({
  queue: Queue,
  /** How soon it runs. */
  priority: Type.Integer({ minimum: 0, maximum: 9, default: 5, examples: [1, 9] }),
  /**
   * What it is called.
   * @deprecated Use the queue.
   */
  label: Type.Optional(Type.String({ minLength: 1 })),
  /** Who waits for it. */
  owner: Type.Optional(Type.String({ deprecated: "Use the label." })),
  "two words": Type.Optional(Type.Array(Queue, { minItems: 2, maxItems: 2, uniqueItems: true })),
});

export default defineApi({
  name: "jobs",
  version: "1.0.0",
  resources: {
    /** All jobs. */
    jobs: {
      /** Adds a job. */
      STORE: {
        request: Job,
        response: Job,
        scope: "jobs:write",
        timeout: 5000,
        idempotent: true,
        errors: {
          CONFLICT: Job,
          /** The queue is full. */
          RESOURCE_EXHAUSTED: Type.Object({ queue: Queue }),
          NOT_FOUND: Type.Null(),
        },
      },
      /**
       * Lists jobs.
       * @since 1.2.0
       * @deprecated Use the log.
       */
      GET: { responseStream: Job },
    },
  },
  callbacks: {
    worker: { deprecated: "use jobs", UPDATE: { request: Job, response: Type.Null(), idempotent: false } },
  },
});
`;

let folder: string;
beforeAll(async () => {
  // Inside the repository, so that imports resolve to its node_modules.
  folder = mkdtempSync(join(REPOSITORY, "test", "golden", ".tmp-"));
  const compilerOptions = {
    strict: true,
    module: "nodenext",
    target: "es2023",
    lib: ["es2023", "esnext.disposable"],
    types: ["node"],
    noEmit: true,
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["probe.ts"] }));
  writeFileSync(join(folder, "probe.ts"), "");
  mkdirSync(join(folder, "schema"));
  writeFileSync(join(folder, "schema", "api.ts"), JOBS);
  await generate({ cwd: folder });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Every method of the example API, with its text. */
function methodsOf(resources: Contract["resources"]) {
  return Object.entries(resources).flatMap(([resource, { methods }]) =>
    Object.entries(methods).map(([verb, method]) => ({
      resource,
      verb,
      name: verb.toLowerCase(),
      ...(method as MethodContract & { readonly description: string }),
    })),
  );
}

/** The lines that definitions lead to, from the name on. */
function linesAt({ definitions }: Shown): readonly string[] {
  return definitions.map(({ file, line, column }) => {
    const text = readFileSync(file, "utf8").split("\n")[line - 1] ?? "";
    return `${file.slice(file.lastIndexOf("/", file.lastIndexOf("/") - 1) + 1)}: ${text.slice(column - 1)}`;
  });
}

describe.each([
  // Its server is that of TypeScript 6.
  ...(IS_FULL ? [["TypeScript 5.9", "typescript-5"]] : []),
  ["TypeScript 6", "typescript-6"],
  ["TypeScript 7", "typescript"],
] as [string, string][])("an editor with %s", { timeout: 60_000 }, (_version, typescript) => {
  let editor: Editor;
  beforeAll(async () => {
    editor = await openEditor(typescript, join(folder, "probe.ts"));
  }, 60_000);
  afterAll(() => editor?.[Symbol.asyncDispose]());

  /** What it shows where a program uses `api`, of a generated type. */
  const show = (file: string, type: string, text: string, from = "./generated"): Promise<readonly Shown[]> =>
    showMarked(editor, `import type { ${type} } from "${from}/${file}.js";\ndeclare const api: ${type};\n${text}`);

  test.each([
    ["a client's methods", "client", "NotesClient", CONTRACT.resources],
    ["the callbacks that a server calls", "server", "Callbacks", CONTRACT.callbacks],
  ])("shows the schema's text of %s, and goes to the schema", async (_what, file, type, resources) => {
    const methods = methodsOf(resources);
    const calls = methods.map(({ resource, name, kind }) => {
      const items = kind === "client-streaming" || kind === "bidirectional" ? ", []" : "";
      return `void api.${resource}.^${name}({} as never${items});\nvoid api.${resource}.^${name};\n`;
    });
    const shown = await show(file, type, calls.join(""), "../../../generated");
    expect(shown.map(({ hover, completion, signature }) => ({ hover: hover[0], completion, signature }))).toEqual(
      methods.flatMap(({ description: text }) => [
        { hover: text, completion: text, signature: text },
        { hover: text, completion: text, signature: undefined },
      ]),
    );
    for (const [index, one] of shown.entries()) {
      const verb = methods[Math.floor(index / 2)]?.verb ?? "";
      expect(linesAt(one)).toEqual([expect.stringMatching(new RegExp(`^schema/\\w+\\.ts: ${verb}: \\{`))]);
    }
  });

  test.each([
    ["a server's handlers", "server", "Handlers", CONTRACT.resources],
    ["the callbacks that a client serves", "client", "CallbackHandlers", CONTRACT.callbacks],
  ])("shows the schema's text of %s, and goes to the schema", async (_what, file, type, resources) => {
    const methods = methodsOf(resources);
    const objects = Object.entries(resources).map(([resource, one]) => {
      const handlers = Object.keys(one.methods).map((verb) => `^${verb.toLowerCase()}: () => null as never`);
      return `export const ${resource}: ${type}["${resource}"] = { ${handlers.join(", ")} };\n`;
    });
    const shown = await show(file, type, objects.join(""), "../../../generated");
    expect(shown.map(({ hover, completion }) => ({ hover: hover[0], completion }))).toEqual(
      methods.map(({ description: text }) => ({ hover: text, completion: text })),
    );
    for (const [index, one] of shown.entries()) {
      expect(linesAt(one)).toEqual([
        expect.stringMatching(new RegExp(`^schema/\\w+\\.ts: ${methods[index]?.verb}: \\{`)),
      ]);
    }
  });

  test("shows scope, limits, errors and deprecation of a method", async () => {
    const text = "void api.jobs.^store({} as never);\nvoid api.jobs.^get();\n";
    const [store, get] = await show("client", "JobsClient", text);
    const hover = [
      "Adds a job.",
      "@remarks Requires the scope `jobs:write`. The timeout is 5000 ms. Idempotent.",
      "@throws CONFLICT with Job",
      "@throws RESOURCE_EXHAUSTED: The queue is full.",
      "@throws NOT_FOUND",
    ];
    expect(store?.hover).toEqual(hover);
    expect(store?.signature).toBe("Adds a job.");
    expect(get?.hover).toEqual(["Lists jobs.", "@since 1.2.0", "@deprecated Use the log."]);
    const [handler] = await show(
      "server",
      "Handlers",
      'export const h: Handlers["jobs"] = { ^store: () => null as never, get: () => null as never };\n',
    );
    expect(handler?.hover).toEqual(hover);
    const [callback] = await show("server", "Callbacks", "void api.worker.^update;\n");
    expect(callback?.hover).toEqual(["", "@remarks Not idempotent.", "@deprecated use jobs"]);
  });

  test("shows constraints, default, examples and deprecation of fields and types", async () => {
    const text =
      'import type { Queue } from "./generated/types.js";\n' +
      "void api.^queue;\nvoid api.^priority;\nvoid api.^label;\nvoid api.^owner;\nexport type Q = ^Queue;\nexport type J = ^Job;\n";
    const shown = await show("types", "Job", text);
    const constraint = "at most 40 characters, matches `` ^[a-z]+@`\\d*$ ``";
    expect(shown.map(({ hover }) => hover)).toEqual([
      ["The name of a queue.", `@remarks ${constraint}`],
      ["How soon it runs.", "@remarks 0 to 9", "@default 5", "@example 1", "@example 9"],
      ["What it is called.", "@deprecated Use the queue.", "@remarks at least 1 character"],
      ["Who waits for it.", "@deprecated Use the label."],
      ["The name of a queue.", `@remarks ${constraint}`],
      ["One job."],
    ]);
  });

  test("goes from types, fields and resources to the schema", async () => {
    const text = `void api.^jobs;
declare const job: ^Job;
void job.^priority;
export type Q = ^Queue;
export type E = ^JobsStoreErrors;
`;
    const shown = await show(
      "client",
      "JobsClient",
      `import type { Job, JobsStoreErrors, Queue } from "./generated/types.js";\n${text}`,
    );
    expect(shown.map(linesAt)).toEqual([
      ["schema/api.ts: jobs: {"],
      ["schema/api.ts: Job = Type.Object({"],
      [expect.stringMatching(/^schema\/api\.ts: priority: Type\.Integer/)],
      [expect.stringMatching(/^schema\/api\.ts: Queue = Type\.String/)],
      ["schema/api.ts: STORE: {"],
    ]);
  });

  test("goes to generated code from names that no schema declares", async () => {
    const [connect] = await showMarked(editor, 'import { connect } from "./generated/client.js";\nvoid ^connect;\n');
    expect(connect?.hover[0]).toMatch(/^Connects to a server/);
    expect(linesAt(connect as Shown)).toEqual([expect.stringMatching(/^generated\/client\.d\.ts: connect\(/)]);
  });
});
