import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { connectApi } from "sshrpc/generated";
import { generateKeyPair } from "sshrpc/testing";
import { expect, onTestFinished, test, vi } from "vitest";
import { BIN, fingerprintOf, start } from "../../runtime/cli/run.js";
import { apiOf, type ItClient, method } from "../../runtime/support/server.js";
import { Project, schemaOf } from "../project.js";

const HELLO = "hello: { GET: { response: Type.String() } }";
const MORE = "more: { GET: { response: Type.Null() } }";

/** Handlers in JavaScript, which load fast. They print a line when they are loaded. */
const HANDLERS = `
import { readFileSync } from "node:fs";
import { text } from "./text.js";
console.log("loaded with " + text + (readFileSync("generated/client.d.ts", "utf8").includes("more") ? " and more" : ""));
export default { api: { hash: "x", methods: [] }, handlers: new Map() };
`;

/** Runs `sshrpc dev` in its own process until the test ends. `prints` waits for its output. */
function devProcess(project: Project, ...args: readonly string[]) {
  const child: ChildProcess = spawn(process.execPath, [BIN, "dev", ...args], { cwd: project.folder });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  });
  return { child, prints: outputs(() => output), output: () => output };
}

/** Runs `sshrpc dev` in this process until the test ends. `prints` and `complains` wait for its outputs. */
function devHere(project: Project, ...args: readonly string[]) {
  const { output } = start(["dev", ...args], { cwd: project.folder });
  return { prints: outputs(() => output().stdout), complains: outputs(() => output().stderr) };
}

/** Creates a function that waits until a pattern appears in the output after the previous match. */
function outputs(output: () => string): (pattern: RegExp) => Promise<void> {
  let seen = 0;
  return (pattern) =>
    vi.waitFor(
      () => {
        const match = pattern.exec(output().slice(seen));
        if (match === null) throw new Error(`${pattern} is not in: ${output().slice(seen)}`);
        seen += match.index + match[0].length;
      },
      { timeout: 30_000, interval: 20 },
    );
}

test("dev prints problems with their position, continues, and exits cleanly on SIGTERM", async () => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO) });
  const { ended, output, signal } = start(["dev"], { cwd: project.folder });
  const stdout = outputs(() => output().stdout);
  await stdout(/^generated: wrote api\.d\.ts, .*\(\d+ ms\)\nwatching for changes; press Ctrl-C to stop\n/);
  project.write("schema/api.ts", schemaOf("hello: { POST: {} }"));
  await outputs(() => output().stderr)(/^schema\/api\.ts:7:14: resources\.hello\.POST: unknown verb POST/);
  project.write("schema/api.ts", schemaOf(HELLO, MORE));
  await stdout(/^schema\/api\.ts changed: generated: wrote .*client\.d\.ts.*\(\d+ ms\)\n/);
  signal("SIGTERM");
  expect(await ended).toMatchObject({ status: 0, stderr: expect.stringMatching(/^[^\n]*\n$/) });
});

test("dev continues after a schema that ends the process, while it loads or later, and one that throws later", async () => {
  const project = new Project({ "schema/api.ts": `${schemaOf(HELLO)}process.exit(0);\n` });
  const { prints } = devProcess(project);
  await prints(/^schema\/api\.ts:10:\d+: Error: the schema ends the process with process\.exit\(0\)/m);
  project.write("schema/api.ts", `${schemaOf(HELLO)}setTimeout(process.exit, 50, 0);\n`);
  await prints(/schema\/api\.ts changed: generated: wrote .*client\.d\.ts/);
  project.write("schema/api.ts", `${schemaOf(HELLO)}setTimeout(() => { throw new Error("late"); }, 50);\n`);
  await prints(/^schema\/api\.ts:10:\d+: Error: late, after the schema was loaded$/m);
  project.write("schema/api.ts", schemaOf(HELLO, MORE));
  await prints(/schema\/api\.ts changed: generated: wrote .*client\.d\.ts/);
});

test("dev ends at SIGINT while the schema runs an endless loop, and goes on after its timeout", async () => {
  const project = new Project({ "schema/api.ts": `${schemaOf(HELLO)}while (true) {}\n` });
  const first = devHere(project, "--load-timeout", "2000");
  await first.complains(/^schema\/api\.ts:1:1: this module did not end within 2000 ms/m);
  project.write("schema/api.ts", schemaOf(HELLO));
  await first.prints(/schema\/api\.ts changed: generated: wrote .*client\.d\.ts/);
  project.write("schema/api.ts", `${schemaOf(HELLO)}console.log("loops");\nwhile (true) {}\n`);
  const second = devProcess(project, "--load-timeout", "600000");
  await second.prints(/loops/);
  const ended = once(second.child, "exit");
  second.child.kill("SIGINT");
  expect(await ended).toEqual([0, null]);
});

test("dev restarts the server when the schema or a handlers file changes", async () => {
  const project = new Project({
    "schema/api.ts": schemaOf(HELLO),
    "server/handlers.js": HANDLERS,
    "server/text.js": 'export const text = "one";\n',
    "package.json": '{ "type": "module" }',
  });
  const server = ["--handlers", "server/handlers.js", "--listen", "127.0.0.1", "--port", "0"];
  const { child, prints } = devProcess(project, ...server);
  await prints(/loaded with one\n/);
  project.write("server/text.js", 'export const text = "two";\n');
  await prints(/server\/text\.js changed: restarting the server\n[\s\S]*loaded with two\n/);
  project.write("schema/api.ts", schemaOf(HELLO, MORE));
  await prints(/loaded with two and more\n/);
  const ended = once(child, "exit");
  child.kill("SIGINT");
  expect(await ended).toEqual([0, null]);
});

/** Handlers whose lines move when their types are removed. */
const TYPED_HANDLERS = `interface Request {
  readonly fail?: boolean;
}

const method = {
  ...{ id: "GET /it", resource: "it", verb: "GET", path: "/it", kind: "unary", params: {}, idempotent: true },
  ...{ request: () => true, response: () => true },
};

function handle(request: Request): Request {
  if (request.fail === true) throw new Error("the shelf is empty");
  return request;
}

export default {
  api: { name: "test", version: "1.0.0", hash: "00", methods: [method] },
  handlers: new Map([["GET /it", handle]]),
};
`;

test("dev prints a line for each call, the place of an error in the handlers, type errors, and its introduction once", async () => {
  const [host, alice] = [generateKeyPair(), generateKeyPair()];
  const project = new Project({
    "schema/api.ts": schemaOf(HELLO),
    "server/handlers.ts": TYPED_HANDLERS,
    "server/tsconfig.json":
      '{ "compilerOptions": { "strict": true, "noEmit": true, "skipLibCheck": true, "types": [] } }',
    "package.json": '{ "type": "module" }',
    host: host.privateKey,
    authorized_keys: `${alice.publicKey} alice\n`,
  });
  chmodSync(join(project.folder, "host"), 0o600);
  const keys = ["--host-key", "host", "--authorized-keys", "authorized_keys"];
  const server = ["--handlers", "server/handlers.ts", "--port", "0", ...keys, "--log-format", "pretty"];
  const { child, prints, output } = devProcess(project, ...server);
  await prints(/test 1\.0\.0 listens on [\s\S]*To call a method:/);
  const [, port] = /127\.0\.0\.1:(\d+)/.exec(output()) ?? [];
  const client = await connectApi<ItClient>(apiOf(method("GET /it")), `ssh://alice@127.0.0.1:${port}`, {
    ...{
      identity: Buffer.from(alice.privateKey),
      agent: false,
      hostKey: fingerprintOf(host.publicKey),
      reconnect: false,
    },
  });
  onTestFinished(() => client.close());
  await client.it.get({});
  await prints(/GET \/it OK [\d.]+ ms, 2 bytes in, 2 bytes out, alice\n/);
  await expect(client.it.get({ fail: true })).rejects.toMatchObject({ status: "INTERNAL" });
  await prints(/Error: the shelf is empty\n +at .*\(server\/handlers\.ts:11:\d+\)\n/);
  project.write("server/handlers.ts", `${TYPED_HANDLERS}const wrong: string = 1;\n`);
  await prints(/^test 1\.0\.0 listens on 127\.0\.0\.1:\d+\n/m);
  await prints(/^server\/handlers\.ts:\d+:7: error TS2322: Type 'number' is not assignable to type 'string'\.\n/m);
  project.write("server/handlers.ts", TYPED_HANDLERS);
  await prints(/^type check: no errors\n/m);
  expect(output().match(/To call a method/g)).toHaveLength(1);
  const ended = once(child, "exit");
  child.kill("SIGINT");
  expect(await ended).toEqual([0, null]);
}, 90_000);

test("dev without handlers refuses the options of serve", async () => {
  const project = new Project({ "schema/api.ts": schemaOf(HELLO) });
  expect(await start(["dev", "--port", "8022"], { cwd: project.folder }).ended).toEqual({
    status: 2,
    stdout: "",
    stderr: "sshrpc: --port 8022: options of serve require --handlers\n",
  });
});
