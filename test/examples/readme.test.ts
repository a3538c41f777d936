import { appendFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../unit/runtime/support/wait.js";
import { type ExampleServer, type Program, Workplace } from "./support.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FOLDERS = readdirSync(join(ROOT, "examples")).filter((name) => /^\d/.test(name));
const HIT = '192.0.2.7 - - [31/Jan/2026:12:00:00 +0100] "GET PATH HTTP/1.1" 200 512 "https://example.org/" "curl"\n';

let place: Workplace;
let server: ExampleServer;

beforeAll(async () => {
  place = new Workplace();
  server = await place.serve({ flags: ["--korv"] });
});

afterAll(() => place[Symbol.asyncDispose]());

const readme = (folder: string) => readFileSync(join(ROOT, "examples", folder, "README.md"), "utf8");

/** The one command of a README. */
function commandOf(folder: string): string {
  const blocks = [...readme(folder).matchAll(/^```sh\n(.*)\n```$/gm)].map(([, command = ""]) => command);
  expect(blocks).toHaveLength(1);
  return blocks[0] as string;
}

/** Starts the command of a README as its reader types it, but at the port of the server of this test. */
function start(folder: string): Program {
  const command = commandOf(folder).replace("127.0.0.1:8022", `alice@127.0.0.1:${server.port}`);
  return place.shell(command);
}

async function ended(program: Program): Promise<string> {
  program.process.stdin?.end();
  expect(await program.status, program.stderr).toBe(0);
  return program.stdout;
}

test("the examples are in the order of their README, which has each", () => {
  const listed = [...readFileSync(join(ROOT, "examples/README.md"), "utf8").matchAll(/^\| \[(\d\d-[\w-]+)\]/gm)];
  expect(listed.map(([, name]) => name)).toEqual(FOLDERS);
});

test.each(FOLDERS)("the README of %s has at most ten lines, and links to files that exist", (folder) => {
  const text = readme(folder);
  expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(10);
  const links = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, path = ""]) => path);
  expect(links.filter((path) => !existsSync(join(ROOT, "examples", folder, path)))).toEqual([]);
});

test("01-hello prints the greeting", async () => {
  expect(await ended(start("01-hello"))).toBe("Hello Ada!\n");
});

test("02-notes stores, updates and deletes a note, and shows a conflict", async () => {
  expect(await ended(start("02-notes"))).toBe(
    "stored: Buy milk\nupdated: Buy oat milk\n" +
      "conflict: the note has revision 2, the change is based on 1\ndeleted: NOT_FOUND\n",
  );
});

test("03-weblog prints referrers until its stop path is requested", async () => {
  appendFileSync(place.log, "");
  const monitor = start("03-weblog");
  await until("a printed hit", () => {
    appendFileSync(place.log, HIT.replace("PATH", "/index.html"));
    return monitor.stdout.includes("https://example.org/ --> /index.html");
  });
  appendFileSync(place.log, HIT.replace("PATH", "/kill-weblog-monitor"));
  await ended(monitor);
});

test("04-files copies a file, and prints its size and checksum", async () => {
  expect(await ended(start("04-files"))).toMatch(/^\d+ bytes, sha256 [0-9a-f]{64}\n$/);
  expect(readFileSync(join(place.files, "README.md"))).toEqual(readFileSync(join(ROOT, "README.md")));
});

test("05-chat prints a typed line under the name of its sender", async () => {
  const chat = start("05-chat");
  chat.process.stdin?.write("Hello!\n");
  await until("the line", () => chat.stdout.includes("alice: Hello!"));
  await ended(chat);
});

test("06-agent prints the load of each connected machine, and ends at Ctrl-C", async () => {
  const agent = start("06-agent");
  await until("the load of the agent", () => / {2}load \d/.test(agent.stdout));
  agent.process.kill("SIGINT");
  await ended(agent);
});

test("07-fleet shows that the server answers", async () => {
  expect(await ended(start("07-fleet"))).toMatch(/answers in [\d.]+ ms/);
});

test("08-mini-share serves functions from its folder, reloads one on save, and registers and removes a client while it runs", async () => {
  const folder = place.path("08-mini-share");
  cpSync(join(ROOT, "examples/08-mini-share"), folder, { recursive: true });
  rmSync(join(folder, ".sshrpc"), { recursive: true, force: true });
  symlinkSync(join(ROOT, "node_modules"), join(place.directory, "node_modules"));
  mkdirSync(join(folder, ".sshrpc"), { mode: 0o700 });
  const command = commandOf("08-mini-share").replace("examples/08-mini-share", folder);
  const share = place.shell(`${command} --port 0`);
  await until("the introduction", () => share.stdout.includes("call ssh://"));
  const [, known, port] = /echo "(\[127\.0\.0\.1\]:(\d+) [^"]*)" >>/.exec(share.stdout) ?? [];
  place.know(`${known}`);
  const here = (text: string) => place.shell(`cd ${folder} && ${text.replace("8022", `${port}`)}`);
  const call = (request: string) => here(`npx sshrpc call ssh://alice@127.0.0.1:8022 ${request}`);

  const stranger = call("GET /time_test");
  expect(await stranger.status).toBe(4);
  expect(stranger.stderr).toContain("UNAUTHENTICATED");
  const registered = here(`npx sshrpc keys add ${place.path("home/.ssh/id_ed25519.pub")} --scopes "shared:*"`);
  expect(await ended(registered)).toContain("host key");
  expect(JSON.parse(await ended(call("GET /time_test")))).toEqual({ time: expect.stringMatching(/^\d{4}-/) });
  await ended(call("STORE /shared/greeting text=hi"));
  expect(JSON.parse(await ended(call("GET /shared/greeting")))).toEqual({ text: "hi" });
  const unknown = call("GET /nowhere");
  expect(await unknown.status).toBe(4);
  expect(unknown.stderr).toContain("NOT_FOUND");
  const late = call("GET /time_test --timeout 1ms");
  expect(await late.status).toBe(5);
  expect(late.stderr).toContain("DEADLINE_EXCEEDED");

  const functions = join(folder, "functions/time-test.ts");
  const changed = readFileSync(functions, "utf8").replace("new Date()", "new Date(0)");
  await here(`cat > functions/time-test.ts <<'END'\n${changed}END`).status;
  await until("the reload", () => `${share.stdout}${share.stderr}`.includes("handlers reloaded"));
  expect(JSON.parse(await ended(call("GET /time_test")))).toEqual({ time: "1970-01-01T00:00:00.000Z" });

  expect(await ended(here("npx sshrpc keys list"))).toContain("shared:*");
  await ended(here("npx sshrpc keys purge --yes"));
  const purged = call("GET /time_test");
  expect(await purged.status).toBe(4);
  expect(purged.stderr).toContain("UNAUTHENTICATED");
  share.process.kill("SIGTERM");
  expect(await share.status).toBe(0);
});

test("the generated files of 08-mini-share are current", async () => {
  const program = place.shell("cd examples/08-mini-share && npx sshrpc gen --check");
  expect(await ended(program)).toContain("up to date");
});

test("09-korv calls a server that speaks korv, and gets the codes of its errors", async () => {
  expect(await ended(start("09-korv"))).toBe("Hello Ada!\n404 NOT_FOUND\n");
});

test("10-raw-client prints the output of a command, and exits with its status", async () => {
  expect(await ended(start("10-raw-client"))).toBe('{"msg":"Hello World!"}\n');
  const command = commandOf("10-raw-client").replace("127.0.0.1:8022", `alice@127.0.0.1:${server.port}`);
  const failed = place.shell(command.replace("/hello", "/nowhere"));
  failed.process.stdin?.end();
  expect(await failed.status).toBe(4);
  expect(failed.stderr).toContain('"status":"NOT_FOUND"');
});
