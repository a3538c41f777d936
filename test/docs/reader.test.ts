import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { takeKey } from "../fixtures/keys.js";
import { run } from "../interop/run.js";
import { start } from "../interop/served.js";
import { itWith } from "../interop/stock.js";
import { bundle } from "../support/bundle.js";
import { tempDir, write } from "../unit/runtime/ssh/support.js";
import { block, blocksOf, exampleFiles, PAGES, readPage, type Typed, typed } from "./pages.js";

const NODE_MODULES = fileURLToPath(new URL("../../node_modules", import.meta.url));
const BIN = fileURLToPath(new URL("../../runtime/bin/sshrpc.js", import.meta.url));
const README = readPage("README.md");

/** Timeout in ms of a test that starts some thirty processes on a shared machine. */
const SLOW = 180_000;

/** Commands that other tests run, because they need more than the example and its server. */
const ELSEWHERE = [
  /^npm /, // test/package/packed.test.ts
  /^npx esbuild /, // test/package/packed.test.ts
  /^npx sshrpc diff git:/, // test/docs/evolution.test.ts
  /npx sshrpc (?:config|serve --config) /, // test/docs/configuration.test.ts
  / -W any:1 /, // test/interop/korv/serving.test.ts
];

/** The commands of all pages but README.md. */
const COMMANDS: readonly Typed[] = PAGES.filter((page) => page !== "README.md")
  .flatMap(blocksOf)
  .filter(({ language }) => language === "console")
  .flatMap(({ text }) => typed(text))
  .filter(({ command }) => !ELSEWHERE.some((pattern) => pattern.test(command)));

/** A project of a reader: a home of its own, and an `ssh` that reaches the server under the names and ports of the pages. */
async function newProject(project = tempDir()) {
  const home = `${project}/home`;
  mkdirSync(`${project}/schema`);
  mkdirSync(`${project}/bin`);
  mkdirSync(`${home}/.ssh`, { recursive: true });
  symlinkSync(NODE_MODULES, `${project}/node_modules`);
  const identity = takeKey("ed25519", "id_ed25519");
  for (const end of ["", ".pub"]) write(`${home}/.ssh`, `id_ed25519${end}`, readFileSync(`${identity}${end}`));
  write(project, "package.json", '{ "type": "module" }');
  // npm takes half a second to find a program that PATH finds, too. test/package/packed.test.ts runs npx itself.
  write(`${project}/bin`, "npx", '#!/bin/sh\nexec "$@"\n', 0o700);
  // The reader runs it twenty times. Bundled, it starts in half of the time.
  await bundle(BIN, `${project}/bin/sshrpc.mjs`);
  write(`${project}/bin`, "sshrpc", `#!/bin/sh\nexec node ${project}/bin/sshrpc.mjs "$@"\n`, 0o700);
  const programs = [`${project}/bin`, `${project}/node_modules/.bin`, dirname(process.execPath), process.env["PATH"]];
  const env = { HOME: home, PATH: programs.join(delimiter), SSH_AUTH_SOCK: "", NO_COLOR: "1", NODE_OPTIONS: "" };
  let port = "";

  /** Runs a command of a page, and returns what a terminal shows. */
  const shell = async (command: string): Promise<{ readonly output: string; readonly status: number | null }> => {
    const own = command.replaceAll(/ssh:\/\/alice@edge:8022/g, `ssh://alice@127.0.0.1:${port}`);
    const { stdout, status } = await run("sh", ["-c", `cd ${project}; { ${own}; } 2>&1`], "", env);
    return { output: stdout, status };
  };
  const output = async (command: string): Promise<string> => (await shell(command)).output;

  return {
    ...{ project, home, shell, output },
    write: (files: Readonly<Record<string, string>>) => {
      for (const [file, text] of Object.entries(files)) write(project, file, text);
    },
    async generate(): Promise<void> {
      expect(await output("npx sshrpc gen")).toMatch(/generated/);
    },
    /** Serves the handlers, and follows what the server prints. */
    async serve(): Promise<string> {
      const [, command = ""] = /`npx (sshrpc serve --handlers handlers\.ts)`/.exec(README) ?? [];
      const server = start("sh", ["-c", `exec ${command} --port 0`], {
        ...{ cwd: project, env: { ...process.env, ...env }, timeout: SLOW },
      });
      const listening = /listens on 127\.0\.0\.1:(\d+)[\s\S]*SHA256:[\s\S]*To call a method/;
      await expect.poll(() => `${server.stdout()}`, { timeout: SLOW / 4 }).toMatch(listening);
      const introduction = `${server.stdout()}`;
      [, port = ""] = listening.exec(introduction) ?? [];
      const [, trust = ""] = /^ {2}(echo ".*) >> ~\/\.ssh\/known_hosts$/m.exec(introduction) ?? [];
      appendFileSync(`${home}/.ssh/known_hosts`, await output(trust));
      const config = [
        ...["HostName=127.0.0.1", "BatchMode=yes", "LogLevel=ERROR", "IdentityAgent=none", "IdentitiesOnly=yes"],
        ...["StrictHostKeyChecking=yes", `UserKnownHostsFile=${home}/.ssh/known_hosts`],
        "GlobalKnownHostsFile=/dev/null",
      ].map((config) => `-o ${config}`);
      // ssh uses the first value of each option (ssh_config(5)), and so of the port.
      const real = spawnSync("sh", ["-c", "command -v ssh"], { encoding: "utf8" }).stdout.trim();
      const script = `#!/bin/sh\nexec ${real} -F none -p ${port} ${config.join(" ")} -i ${home}/.ssh/id_ed25519 "$@"\n`;
      write(`${project}/bin`, "ssh", script, 0o700);
      // The typed client has the port in its address.
      const client = readFileSync(`${project}/client.ts`, "utf8");
      write(project, "client.ts", client.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`));
      return introduction;
    },
    /** Runs commands, and compares what they print with the page; a command without output has exit status 0. */
    async follow(commands: readonly Typed[]): Promise<void> {
      for (const { command, printed } of commands) {
        const { output, status } = await shell(command);
        const [shown = printed] = printed.split("…\n");
        if (printed === "") expect(status, `${command}\n${output}`).toBe(0);
        else expect(output.slice(0, printed.includes("…") ? shown.length : undefined), command).toBe(shown);
      }
    },
  };
}

/** The project of the example without streams, generated once. */
let example: ReturnType<typeof newProject> | undefined;
function exampleProject(): ReturnType<typeof newProject> {
  const create = async () => {
    const directory = mkdtempSync(join(tmpdir(), "sshrpc-"));
    afterExample = () => rmSync(directory, { recursive: true, force: true });
    const project = await newProject(directory);
    project.write(exampleFiles({ streams: false }));
    await project.generate();
    return project;
  };
  example ??= create();
  return example;
}
let afterExample = (): void => undefined;
afterAll(() => afterExample());

itWith(
  ["ssh", "ssh-keygen"],
  "a reader of README.md makes the first typed call, and the same calls with ssh",
  async () => {
    const { project, home, serve, output, follow } = await exampleProject();
    const introduction = await serve();
    const [, admission = ""] = /`npx (sshrpc keys add [^`]*)`/.exec(README) ?? [];
    expect(introduction).toContain(admission.replace("sshrpc ", ""));
    expect(await output(admission)).toContain("authorized ");
    await follow(typed(block("README.md", "$ npx jiti client.ts")));
    await follow(typed(block("README.md", "$ ssh edge GET")));
    await follow(typed(block("README.md", "$ ssh -p 8022 alice@edge help")));
    // The reader compares the fingerprint that `serve` has printed.
    const [fingerprint = ""] = /SHA256:\S+/.exec(await output(`ssh-keygen -lf ${home}/.ssh/known_hosts`)) ?? [];
    expect(introduction).toContain(fingerprint);
    expect(readFileSync(`${project}/generated/client.d.ts`, "utf8")).toContain("NotesClient");
  },
  SLOW,
);

itWith(
  ["ssh", "ssh-keygen"],
  "a reader of the reference runs every command of its pages, and streams in both directions",
  async () => {
    const { project, write, generate, serve, output, follow } = await newProject();
    const [, size] = /"bytes":(\d+)/.exec(block("docs/streams.md", "$ ssh -p 8022 alice@edge GET /ticks")) ?? [];
    const cat = Buffer.from(Array.from({ length: Number(size) }, (_, at) => (at * 7) % 256));
    write(exampleFiles({ streams: true }));
    await generate();
    await serve();
    await output(`sshrpc keys add ~/.ssh/id_ed25519.pub --scopes "*,sshrpc:*"`);
    writeFileSync(`${project}/cat.jpg`, cat);
    expect(await output("npx jiti client.ts")).toBe(
      `{ id: 1, text: 'Buy milk' }\nno note 7\n1\n2\n3\n{ bytes: ${size} }\nHELLO\nWORLD\n`,
    );
    expect(COMMANDS.length).toBeGreaterThan(12);
    await follow(COMMANDS);
    expect(readFileSync(`${project}/copy.jpg`).equals(cat)).toBe(true);
  },
  SLOW,
);

it("the programs of docs/testing.md run", { timeout: SLOW }, async () => {
  const { write, output } = await exampleProject();
  const programs = blocksOf("docs/testing.md").filter(({ language }) => language === "ts");
  expect(programs).toHaveLength(3);
  for (const { text } of programs) {
    write({ "program.ts": text });
    expect(await output("npx jiti program.ts"), text).toBe("{ id: 1, text: 'Buy milk' }\n");
  }
});

it("handlers compiled as the README describes run in Node", { timeout: SLOW }, async () => {
  const { write, output } = await exampleProject();
  write({ "tsconfig.json": block("README.md", '{ "compilerOptions"') });
  const [, compile = ""] = /`npx (tsc [^`]*)`/.exec(README) ?? [];
  expect(await output(compile)).toBe("");
  expect(
    await output(`node -e "import('./dist/handlers.js').then((file) => console.log(file.default.api.name))"`),
  ).toBe("notes\n");
});
