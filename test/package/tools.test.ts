import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blocksOf } from "../docs/pages.js";

// Bundlers, package managers and Jest from the registry: too large for each run of the tests, so `.ci/nightly` sets this variable.
const describeWithTools = describe.runIf(process.env["PACKAGE_TOOLS"] === "1");

const run = promisify(execFile);
const TIMEOUT = 300_000;
const ANSWER = "{ name: 'front', open: true }\n";

/**
 * Without the rules of types for JavaScript, which has none. An index signature may refer to itself, and `Record` may be the name of a type
 * of the schema. `RpcError<Status, unknown>` says that the details are unknown.
 */
const ESLINT = `import tseslint from "typescript-eslint";
export default tseslint.config(
  {
    files: ["generated/**/*.js", "generated/**/*.d.ts"],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { project: "./tsconfig.json" } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/consistent-indexed-object-style": "off",
      "@typescript-eslint/no-unnecessary-type-arguments": "off",
    },
  },
  { files: ["generated/**/*.js"], extends: [tseslint.configs.disableTypeChecked] },
);
`;

const FILES = {
  "schema/api.ts": `import Type from "typebox";
import { defineApi } from "sshrpc/schema";

export const Door = Type.Object({ name: Type.String(), open: Type.Boolean() });

export default defineApi({
  name: "doors",
  version: "1.0.0",
  resources: {
    door: { path: "/doors/{name}", GET: { request: Type.Object({ name: Type.String() }), response: Door } },
  },
});
`,
  "handlers.ts": `import { defineHandlers } from "./generated/server.js";

export default defineHandlers({ door: { get: ({ name }) => ({ name, open: name === "front" }) } });
`,
  "client.ts": `import { onLoopback } from "sshrpc/testing";
import { connect } from "./generated/client.js";
import handlers from "./handlers.js";

async function main(): Promise<void> {
  const server = await onLoopback(handlers);
  const client = await connect(server.target, server.options);
  console.log(await client.door.get({ name: "front" }));
  await client.close();
  await server.close();
}
void main();
`,
  "door.test.ts": `import { onLoopback } from "sshrpc/testing";
import { connect } from "./generated/client.js";
import handlers from "./handlers.js";

test("the front door is open", async () => {
  const server = await onLoopback(handlers);
  const client = await connect(server.target, server.options);
  expect((await client.door.get({ name: "front" })).open).toBe(true);
  await client.close();
  await server.close();
});
`,
  "tsconfig.json": JSON.stringify({
    compilerOptions: {
      ...{ strict: true, module: "nodenext", target: "es2022", types: ["node"], skipLibCheck: true },
      lib: ["es2023", "esnext.disposable"],
    },
    include: ["client.ts", "generated"],
  }),
};

describeWithTools("the packed packages", () => {
  let room: string;
  let versions: Record<string, string>;
  let tarballs: readonly string[];

  beforeAll(async () => {
    room = await mkdtemp(join(tmpdir(), "sshrpc-tools-"));
    await run("npm", ["pack", "--silent", "--workspaces", "--pack-destination", room], { cwd: resolve(".") });
    const { version } = JSON.parse(await readFile("runtime/package.json", "utf8"));
    tarballs = ["sshrpc", "@sshrpc/codegen"].map(
      (name) => `${name}@file:${room}/${name.replace("@", "").replace("/", "-")}-${version}.tgz`,
    );
    versions = JSON.parse(await readFile("package.json", "utf8")).devDependencies;
  }, TIMEOUT);

  afterAll(() => rm(room, { recursive: true, force: true }));

  /** A new project with the sources, and a function that runs a shell command in it. */
  async function newProject(
    manifest: object = { type: "module" },
  ): Promise<{ folder: string; sh: (command: string) => Promise<string> }> {
    const folder = await mkdtemp(join(room, "project-"));
    await mkdir(join(folder, "schema"));
    for (const [file, text] of Object.entries(FILES)) await writeFile(join(folder, file), text);
    await writeFile(join(folder, "package.json"), JSON.stringify({ name: "doors", private: true, ...manifest }));
    // A lock file of its own: without one, yarn takes the folder for a part of the project around it.
    await writeFile(join(folder, "yarn.lock"), "");
    const env = { ...process.env, CI: "", YARN_ENABLE_TELEMETRY: "0", YARN_ENABLE_IMMUTABLE_INSTALLS: "false" };
    const sh = async (command: string) => (await run("sh", ["-c", command], { cwd: folder, env })).stdout;
    return { folder, sh };
  }

  const tools = (...names: string[]): string =>
    [
      ...tarballs,
      ...["typebox", "@types/node"].map((name) => `${name}@${versions[name]}`),
      "typescript@5.9.3",
      ...names,
    ].join(" ");

  it.each([
    ["pnpm", "npx -y pnpm@10 add", "npx -y pnpm@10 exec"],
    ["yarn 1", "npx -y yarn@1.22.22 add --ignore-scripts", "npx -y yarn@1.22.22 --silent run"],
  ])("install, generate, serve and call with %s", { timeout: TIMEOUT }, async (_, add, exec) => {
    const { sh } = await newProject();
    await sh(`${add} ${tools("jiti@2.7.0")}`);
    await sh(`${exec} sshrpc gen`);
    expect(await sh(`${exec} jiti client.ts`)).toBe(ANSWER);
  });

  it("generate, compile and serve with yarn 4 and its Plug'n'Play", { timeout: TIMEOUT }, async () => {
    const { sh } = await newProject();
    const yarn = "npx -y -p @yarnpkg/cli-dist@4.10.3 yarn";
    await sh(`${yarn} add ${tools()}`);
    await sh(`${yarn} run sshrpc gen`);
    await sh(`${yarn} run tsc --outDir dist && cp -r generated dist`);
    expect(await sh(`${yarn} node dist/client.js`)).toBe(ANSWER);
  });

  it("generate code that Prettier and the strict rules of typescript-eslint accept", { timeout: TIMEOUT }, async () => {
    const { folder, sh } = await newProject();
    const linters = tools("prettier@3.10.1", "eslint@9.39.5", "typescript-eslint@8.74.0");
    await sh(`npm install --ignore-scripts --no-audit --no-fund ${linters}`);
    const cases = await readdir("test/golden/cases");
    for (const name of cases) {
      await cp(join("test/golden/cases", name, "generated"), join(folder, "generated", name), { recursive: true });
    }
    await writeFile(join(folder, "eslint.config.js"), ESLINT);
    const options = {
      module: "nodenext",
      target: "es2023",
      strict: true,
      allowJs: true,
      skipLibCheck: true,
      types: [],
    };
    await writeFile(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions: options, include: ["generated"] }),
    );
    await sh("npx prettier --check --print-width 120 'generated/**/*.{js,ts,json}'");
    await sh("npx eslint generated");
  });

  it("compile to CommonJS, and serve handlers of it", { timeout: TIMEOUT }, async () => {
    const { folder, sh } = await newProject({});
    await sh(`npm install --ignore-scripts --no-audit --no-fund ${tools()}`);
    await sh("npx sshrpc gen");
    await sh("npx tsc --module commonjs --moduleResolution node10 --outDir dist && cp -r generated dist");
    expect(await sh("node dist/client.js")).toBe(ANSWER);
    await sh("ssh-keygen -q -t ed25519 -N '' -f key && cp key.pub authorized_keys && chmod 600 authorized_keys");
    const serve = "npx sshrpc serve --handlers dist/handlers.js --authorized-keys authorized_keys --port 0";
    expect(await sh(`timeout 10 ${serve} || true`)).toContain("doors 1.0.0 listens on 127.0.0.1:");
    expect(await readFile(join(folder, "dist/handlers.js"), "utf8")).toContain("exports.default");
  });

  it.each([
    [
      "webpack",
      "webpack@5.103.0 webpack-cli@6.0.1 ts-loader@9.5.4",
      "docs/deployment.md",
      'target: "node20",\n  entry',
    ],
    ["vite", "vite@7.2.4", "docs/deployment.md", "ssr: {"],
  ])("run in a bundle of %s", { timeout: TIMEOUT }, async (tool, packages, page, start) => {
    const { folder, sh } = await newProject();
    await sh(`npm install --ignore-scripts --no-audit --no-fund ${tools(packages)}`);
    await sh("npx sshrpc gen");
    await writeFile(join(folder, `${tool}.config.js`), config(page, start));
    await sh(tool === "vite" ? "npx vite build" : "npx webpack --mode production");
    const elsewhere = await mkdtemp(join(tmpdir(), "sshrpc-bundle-"));
    try {
      await cp(join(folder, "dist"), elsewhere, { recursive: true });
      expect((await run(process.execPath, [join(elsewhere, "client.cjs")], { cwd: elsewhere })).stdout).toBe(ANSWER);
    } finally {
      await rm(elsewhere, { recursive: true, force: true });
    }
  });

  it("run in Jest", { timeout: TIMEOUT }, async () => {
    const { folder, sh } = await newProject();
    await sh(
      `npm install --ignore-scripts --no-audit --no-fund ${tools("jest@30.2.0 @swc/core@1.15.3 @swc/jest@0.2.39")}`,
    );
    await sh("npx sshrpc gen");
    await writeFile(join(folder, "jest.config.js"), config("docs/testing.md", "testEnvironment"));
    expect(await sh("NODE_OPTIONS=--experimental-vm-modules npx jest 2>&1")).toContain("1 passed");
  });
});

/** The configuration file in a page that contains `start`. */
function config(page: string, start: string): string {
  const block = blocksOf(page).find(({ text }) => text.startsWith("export default {") && text.includes(start));
  if (block === undefined) throw new Error(`${page} has no configuration with ${JSON.stringify(start)}`);
  return block.text;
}
