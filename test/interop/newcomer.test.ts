import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { delimiter, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { takeKey } from "../fixtures/keys.js";
import { tempDir, write } from "../unit/runtime/ssh/support.js";

import { run } from "./run.js";
import { start } from "./served.js";
import { itWith } from "./stock.js";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const README = readFileSync(path("../../README.md"), "utf8");

/** Timeout in ms of a test that starts some twenty processes on a shared machine. */
const SLOW = 120_000;

/** The code block of README.md with this beginning, without its fences. */
function block(beginning: string): string {
  const blocks = [...README.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text);
  const found = blocks.find((text) => text.startsWith(beginning));
  if (found === undefined) throw new Error(`README.md has no code block that begins with ${beginning}`);
  return found;
}

/** The commands and outputs that README.md shows in the code block with this beginning. */
function typed(beginning: string): readonly { readonly command: string; readonly printed: string }[] {
  const parts = block(beginning).split(/^\$ /m).slice(1);
  return parts.map((part) => {
    const end = part.indexOf("\n") + 1;
    return { command: part.slice(0, end).trim(), printed: part.slice(end) };
  });
}

/**
 * A file of the example with the additions of a later block: imports after "in addition", indented lines before `end`, and
 * the rest before the export.
 */
function extended(file: string, addition: string, end: string): string {
  const [first = "", ...lines] = addition.split("\n");
  const [, imports = "", module = ""] = /in addition: (import .* from "(.*)";)$/.exec(first) ?? [];
  const inside = lines.filter((line) => /^\s/.test(line)).join("\n");
  const outside = lines.filter((line) => /^\S/.test(line)).join("\n");
  const kept = file.split("\n").filter((line) => !line.endsWith(`from "${module}";`));
  const text = [imports, ...kept].join("\n").replace("export default", `${outside}\n\nexport default`);
  const at = text.lastIndexOf(end);
  return `${text.slice(0, at)}\n${inside}${text.slice(at)}`;
}

itWith(
  ["ssh", "ssh-keygen"],
  "a user with ssh and the README can list the API, read, write, follow a stream and understand errors",
  async () => {
    const project = tempDir();
    const home = `${project}/home`;
    mkdirSync(`${project}/schema`);
    mkdirSync(`${home}/.ssh`, { recursive: true });
    symlinkSync(path("../../node_modules"), `${project}/node_modules`);
    const identity = takeKey("ed25519", "id_ed25519");
    for (const end of ["", ".pub"]) write(`${home}/.ssh`, `id_ed25519${end}`, readFileSync(`${identity}${end}`));
    const programs = [`${project}/bin`, `${project}/node_modules/.bin`, dirname(process.execPath), process.env["PATH"]];
    const env = {
      ...{ HOME: home, PATH: programs.join(delimiter), SSH_AUTH_SOCK: "", NO_COLOR: "1", NODE_OPTIONS: "" },
    };
    const shell = async (command: string) => {
      const { stdout } = await run("sh", ["-c", `cd ${project}; { ${command}; } 2>&1`], "", env);
      return stdout;
    };

    /** Serves the project, and makes `ssh` reach it by the host name and port in the README. */
    const serve = async () => {
      expect(await shell("sshrpc gen")).toMatch(/generated/);
      const [, command = ""] = /`npx (sshrpc serve --handlers handlers\.ts)`/.exec(README) ?? [];
      const server = start("sh", ["-c", `exec ${command} --port 0`], { cwd: project, env: { ...process.env, ...env } });
      const listening = /listens on 127\.0\.0\.1:(\d+)[\s\S]*SHA256:/;
      await expect.poll(() => `${server.stdout()}`, { timeout: SLOW / 4 }).toMatch(listening);
      const [, port] = listening.exec(`${server.stdout()}`) ?? [];
      const config = [
        ...["HostName=127.0.0.1", "BatchMode=yes", "LogLevel=ERROR", "IdentityAgent=none", "IdentitiesOnly=yes"],
        ...["StrictHostKeyChecking=accept-new", `UserKnownHostsFile=${home}/known_hosts_${port}`],
        "GlobalKnownHostsFile=/dev/null",
      ].map((config) => `-o ${config}`);
      // ssh uses the first value of each option (ssh_config(5)), and so of the port.
      const real = spawnSync("sh", ["-c", "command -v ssh"], { encoding: "utf8" }).stdout.trim();
      const script = `#!/bin/sh\nexec ${real} -F none -p ${port} ${config.join(" ")} -i ${home}/.ssh/id_ed25519 "$@"\n`;
      mkdirSync(`${project}/bin`, { recursive: true });
      write(`${project}/bin`, "ssh", script, 0o700);
      return { introduction: `${server.stdout()}`, knownHosts: `${home}/known_hosts_${port}` };
    };

    write(`${project}/schema`, "api.ts", block("// schema/api.ts\n"));
    write(project, "handlers.ts", block("// handlers.ts\n"));
    write(project, "note.json", '{"text":"Buy milk"}');
    const { introduction, knownHosts } = await serve();
    const [, admission = ""] = /`npx (sshrpc keys add [^`]*)`/.exec(README) ?? [];
    expect(await shell(admission)).toContain("authorized ");
    for (const { command, printed } of typed("$ ssh -p 8022 alice@edge help")) {
      const output = await shell(command);
      const [shown = printed] = printed.split("…\n");
      expect(output.slice(0, printed.includes("…") ? shown.length : undefined), command).toBe(shown);
    }
    // ssh shows, and now trusts, the host key that `serve` has printed.
    const [fingerprint = ""] = /SHA256:\S+/.exec(await shell(`ssh-keygen -lf ${knownHosts}`)) ?? [];
    expect(introduction).toContain(fingerprint);

    write(
      `${project}/schema`,
      "api.ts",
      extended(block("// schema/api.ts\n"), block("// schema/api.ts, in"), "\n  },\n"),
    );
    write(project, "handlers.ts", extended(block("// handlers.ts\n"), block("// handlers.ts, in"), "\n});"));
    const streams = typed("$ ssh -p 8022 alice@edge GET /ticks");
    const [, size] = /"bytes":(\d+)/.exec(block("$ ssh -p 8022 alice@edge GET /ticks")) ?? [];
    const cat = Buffer.from(Array.from({ length: Number(size) }, (_, at) => (at * 7) % 256));
    write(project, "cat.jpg", cat);
    await serve();
    for (const { command, printed } of streams) expect(await shell(command), command).toBe(printed);
    expect(readFileSync(`${project}/copy.jpg`).equals(cat)).toBe(true);
  },
  SLOW,
);

it("handlers compiled as the README describes run in Node", { timeout: SLOW }, async () => {
  const project = tempDir();
  mkdirSync(`${project}/schema`);
  symlinkSync(path("../../node_modules"), `${project}/node_modules`);
  write(`${project}/schema`, "api.ts", block("// schema/api.ts\n"));
  write(project, "handlers.ts", block("// handlers.ts\n"));
  write(project, "tsconfig.json", block('{ "compilerOptions"'));
  write(project, "package.json", '{ "type": "module" }');
  const env = {
    PATH: [`${project}/node_modules/.bin`, dirname(process.execPath), process.env["PATH"]].join(delimiter),
  };
  const shell = async (command: string) =>
    (await run("sh", ["-c", `cd ${project}; { ${command}; } 2>&1`], "", env)).stdout;
  expect(await shell("sshrpc gen")).toMatch(/generated/);
  const [, compile = ""] = /`npx (tsc [^`]*)`/.exec(README) ?? [];
  expect(await shell(compile)).toBe("");
  expect(await shell(`node -e "import('./dist/handlers.js').then((file) => console.log(file.default.api.name))"`)).toBe(
    "notes\n",
  );
});
