import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateKeyPair } from "../../runtime/src/testing.js";
import { itWith } from "../interop/stock.js";
import { IS_FULL } from "../rounds.js";

const run = promisify(execFile);

/** An empty project that has only the two packed packages of this repository. */
let project: string;
let server: ChildProcess | undefined;

const SCHEMA = `import Type from "typebox";
import { defineApi } from "sshrpc/schema";

export const Door = Type.Object({ name: Type.String(), open: Type.Boolean() });

export default defineApi({
  name: "doors",
  version: "1.0.0",
  resources: {
    door: { path: "/doors/{name}", GET: { request: Type.Object({ name: Type.String() }), response: Door } },
  },
});
`;

const HANDLERS = `import { defineHandlers } from "./generated/server.js";

export default defineHandlers({ door: { get: ({ name }) => ({ name, open: name === "front" }) } });
`;

const CLIENT = `import { connect } from "./generated/client.js";

await using client = await connect(process.argv[2] as string, { identity: "key", knownHosts: "known_hosts" });
console.log((await client.door.get({ name: "front" })).open);
`;

/** The source of a bundle. CommonJS has no top-level `await`. */
const BUNDLED = {
  "bundled-server.ts": `import { serve } from "./generated/server.js";
import handlers from "./handlers.js";

const files = { hostKeys: "host_key", authorizedKeys: "authorized_keys", audit: { file: "audit.log" } };
void serve(handlers, { port: 0, ...files }).then(({ port, hostKeys }) => console.log(\`\${port} \${hostKeys[0]}\`));
`,
  "bundled-client.ts": `import { connect } from "./generated/client.js";

async function main(target: string, transport: "ssh2" | "openssh"): Promise<void> {
  await using client = await connect(target, { transport, identity: "key", knownHosts: "known_hosts" });
  console.log((await client.door.get({ name: "front" })).open);
}
void main(process.argv[2] as string, process.argv[3] as "ssh2" | "openssh");
`,
};

/** The version that both packages have. */
let version: string;
/** Those of this repository. */
let devDependencies: Record<string, string>;

beforeAll(async () => {
  ({ version } = JSON.parse(await readFile("runtime/package.json", "utf8")));
  ({ devDependencies } = JSON.parse(await readFile("package.json", "utf8")));
  project = await mkdtemp(join(tmpdir(), "sshrpc-packed-"));
  await run("npm", ["pack", "--silent", "--ignore-scripts", "--workspaces", "--pack-destination", project], {
    cwd: resolve("."),
  });
  await writeFile(join(project, "package.json"), '{ "private": true, "type": "module" }\n');
}, 180_000);

afterAll(async () => {
  await stop(server);
  await rm(project, { recursive: true, force: true });
});

describe("the packed packages in an empty project", () => {
  it("name the package to install when gen runs without the code generator", { timeout: 120_000 }, async () => {
    await install(`sshrpc-${version}.tgz`);
    const failure = await sshrpc("gen").catch((error: { code: number; stderr: string }) => error);
    expect(failure).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("npm install --save-dev @sshrpc/codegen"),
    });
  });

  it("contain the sources, no tests and no test keys", async () => {
    for (const tarball of ["sshrpc-0.1.0.tgz", "sshrpc-codegen-0.1.0.tgz"]) {
      const { stdout } = await run("tar", ["-tzf", join(project, tarball)]);
      const files = stdout.trim().split("\n");
      expect(files).toContain("package/package.json");
      expect(
        files.filter((file) => !/^package\/((bin|deploy|dist|src)\/|package\.json$|README\.md$|LICENSE$)/.test(file)),
      ).toEqual([]);
      expect(files.filter((file) => /\btests?\b|fixtures/.test(file))).toEqual([]);
    }
  });

  it("install no compiler without the code generator", async () => {
    const names = await readdir(join(project, "node_modules"));
    expect(names).not.toContain("ts-morph");
    expect(names).not.toContain("typescript");
    expect(names).not.toContain("typebox");
  });

  it("generate code that compiles", { timeout: 180_000 }, async () => {
    await install(`sshrpc-codegen-${version}.tgz`, "typebox", "typescript", "@types/node", "esbuild");
    await mkdir(join(project, "schema"));
    await Promise.all(
      Object.entries({ "schema/api.ts": SCHEMA, "handlers.ts": HANDLERS, "client.ts": CLIENT }).map(([file, text]) =>
        writeFile(join(project, file), text),
      ),
    );
    await sshrpc("gen");
    const options = [
      "--strict",
      "--noEmit",
      "--module",
      "nodenext",
      "--target",
      "es2023",
      "--lib",
      "es2023,esnext.disposable",
    ];
    await run(installed("tsc"), [...options, "--types", "node", "handlers.ts", "client.ts"], { cwd: project });
  });

  it.each(["sshrpc", "@sshrpc/codegen"])("have source maps that lead into the shipped sources: %s", async (name) => {
    const root = join(project, "node_modules", name);
    const files = (await readdir(join(root, "dist"), { recursive: true })).map((file) => join(root, "dist", file));
    const maps = files.filter((file) => file.endsWith(".map"));
    const scripts = files.filter((file) => /(?:\.js|\.d\.ts)$/.test(file));
    expect(scripts.filter((file) => !maps.includes(`${file}.map`))).toEqual([]);
    const sources = maps.map(async (file) => {
      const map: { sources: string[] } = JSON.parse(await readFile(file, "utf8"));
      return map.sources.map((source) => resolve(dirname(file), source));
    });
    const missing = (await Promise.all(sources)).flat().filter((source) => !existsSync(source));
    expect(missing).toEqual([]);
  });

  it("serve and call with keys and a trusted host key", { timeout: 60_000 }, async () => {
    const { privateKey, publicKey } = generateKeyPair();
    await writeFile(join(project, "key"), privateKey, { mode: 0o600 });
    await writeFile(join(project, "authorized_keys"), `${publicKey} door-keeper\n`, { mode: 0o600 });
    const bin = join(project, "node_modules/sshrpc/bin/sshrpc.js");
    const flags = ["--handlers", "handlers.ts", "--authorized-keys", "authorized_keys", "--port", "0"];
    server = spawn(process.execPath, [bin, "serve", ...flags], { cwd: project, stdio: ["ignore", "pipe", "inherit"] });
    const introduction = await firstOutput(server, "sshrpc call");
    const port = /listens on 127\.0\.0\.1:(\d+)/.exec(introduction)?.[1];
    const knownHost = /echo "(\[127.*)" >>/.exec(introduction)?.[1];
    await writeFile(join(project, "known_hosts"), `${knownHost}\n`);
    const address = `ssh://alice@127.0.0.1:${port}`;
    const flagsOfCall = ["--identity", "key", "--known-hosts", "known_hosts"];
    const called = await sshrpc("call", address, "GET", "/doors/front", ...flagsOfCall);
    expect(called.stdout).toBe('{"name":"front","open":true}\n');
    const typed = await run(installed("jiti"), ["client.ts", address], { cwd: project });
    expect(typed.stdout).toBe("true\n");
  });

  it("stop serving on request, with exit status 0", async () => {
    expect(await stop(server)).toBe(0);
  });

  it("name the optional packages to install for metrics and traces, and use them then", {
    timeout: 120_000,
  }, async () => {
    const program = (entry: string, name: string) =>
      run(process.execPath, ["-e", `import("sshrpc/${entry}").then(async (all) => all.${name}())`], { cwd: project });
    const peers = { metrics: "prom-client", otel: "@opentelemetry/api" };
    for (const [entry, peer] of Object.entries(peers)) {
      const failure = await program(entry, entry).catch((error: { stderr: string }) => error);
      expect(failure.stderr).toContain(`sshrpc/${entry} requires the package ${peer}: npm install ${peer}`);
    }
    const onNats = 'import("sshrpc/nats").then((all) => all.connectNats({ servers: "nats://127.0.0.1:1" }))';
    const noNats = await run(process.execPath, ["-e", onNats], { cwd: project }).catch(
      (error: { stderr: string }) => error,
    );
    expect(noNats.stderr).toContain("sshrpc/nats requires the package @nats-io/transport-node: npm install");
    const served = ["serve", "--handlers", "handlers.ts", "--port", "0", "--metrics", "127.0.0.1:0"];
    const refused = await sshrpc(...served).catch((error: { code: number; stderr: string }) => error);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("npm install prom-client") });
    await installPackages(Object.values(peers));
    for (const entry of Object.keys(peers)) expect((await program(entry, entry)).stderr).toBe("");
  });
});

describe.each(["cjs", "mjs"])("a client and a server that esbuild bundles as the docs say, as .%s", (extension) => {
  let folder: string;
  let bundledServer: ChildProcess | undefined;
  let address: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sshrpc-bundled-"));
    const page = await readFile("docs/deployment.md", "utf8");
    const command = new RegExp(
      `^\\$ (npx esbuild client\\.ts .*--outfile=client\\.${extension}(?: \\\\\n.*)?)$`,
      "m",
    ).exec(page)?.[1];
    for (const [file, text] of Object.entries(BUNDLED)) await writeFile(join(project, file), text);
    for (const name of ["client", "server"]) {
      const own = command
        ?.replace("client.ts", `bundled-${name}.ts`)
        .replace("--outfile=client", `--outfile=${folder}/${name}`)
        // npx takes half a second to find it: once is enough.
        .replace(name === "client" ? "" : "npx ", name === "client" ? "" : "node_modules/.bin/");
      await run("sh", ["-c", own ?? "echo docs/deployment.md has no such command >&2; exit 1"], { cwd: project });
    }
    const [host, alice] = [generateKeyPair(), generateKeyPair()];
    const files = { host_key: host.privateKey, key: alice.privateKey, authorized_keys: `${alice.publicKey}\n` };
    for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text, { mode: 0o600 });
    bundledServer = spawn(process.execPath, [`server.${extension}`], {
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [port, ...hostKey] = (await firstOutput(bundledServer, "\n")).trim().split(" ");
    await writeFile(join(folder, "known_hosts"), `[127.0.0.1]:${port} ${hostKey.join(" ")}\n`);
    address = `ssh://alice@127.0.0.1:${port}`;
  }, 60_000);

  afterAll(async () => {
    await stop(bundledServer);
    await rm(folder, { recursive: true, force: true });
  });

  const call = async (transport: string): Promise<void> => {
    const called = await run(process.execPath, [`client.${extension}`, address, transport], { cwd: folder });
    expect(called).toEqual({ stdout: "true\n", stderr: "" });
  };

  it("call and answer over ssh2, with no package beside them", () => call("ssh2"));
  itWith(["ssh"], "call and answer over the ssh program, with no package beside them", () => call("openssh"));
});

/** npm takes half a minute, with the install scripts of the optional native parts of ssh2: only CI and soak runs wait for it. */
const NPM = IS_FULL || process.env["CI"] !== undefined;

/** Installs packed packages, and packages of this repository by name. */
async function install(tarball: string, ...names: string[]): Promise<unknown> {
  const file = join(project, tarball);
  if (NPM) {
    const versions = names.map((name) => `${name}@${devDependencies[name]}`);
    return run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", file, ...versions], { cwd: project });
  }
  // What npm leaves: the package, its declared dependencies beside it, and the programs of them all.
  const { stdout } = await run("tar", ["-xOzf", file, "package/package.json"]);
  const { name, dependencies } = JSON.parse(stdout) as { name: string; dependencies: object };
  const folder = join(project, "node_modules", name);
  await mkdir(folder, { recursive: true });
  await run("tar", ["-xzf", file, "-C", folder, "--strip-components=1"]);
  await linkPrograms(name);
  return installPackages([...Object.keys(dependencies), ...names]);
}

/** Installs packages of this repository by name. */
async function installPackages(names: readonly string[]): Promise<unknown> {
  if (NPM) {
    const versions = names.map((name) => `${name}@${devDependencies[name]}`);
    return run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", ...versions], { cwd: project });
  }
  for (const dependency of names) {
    const link = join(project, "node_modules", dependency);
    if (existsSync(link)) continue;
    await mkdir(dirname(link), { recursive: true });
    await symlink(resolve("node_modules", dependency), link);
    await linkPrograms(dependency);
  }
  return undefined;
}

async function linkPrograms(name: string): Promise<void> {
  const folder = join(project, "node_modules", name);
  const { bin = {} } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const programs: Record<string, string> = typeof bin === "string" ? { [name]: bin } : bin;
  await mkdir(join(project, "node_modules/.bin"), { recursive: true });
  for (const [program, file] of Object.entries(programs)) await symlink(join(folder, file), installed(program));
}

function sshrpc(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return run(installed("sshrpc"), args, { cwd: project });
}

/** A program of the project, as npx finds it. */
function installed(name: string): string {
  return join(project, "node_modules/.bin", name);
}

function firstOutput(child: ChildProcess, end: string): Promise<string> {
  return new Promise((done, fail) => {
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (text.includes(end)) done(text);
    });
    child.once("exit", (code) => fail(new Error(`the server exited with status ${code}`)));
  });
}

async function stop(child: ChildProcess | undefined): Promise<number | null> {
  if (child === undefined || child.exitCode !== null) return child?.exitCode ?? null;
  child.kill("SIGTERM");
  return new Promise((done) => child.once("exit", done));
}
