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
  const leaving = 'setTimeout(() => {\n  console.log("leaves");\n  process.exit(0);\n}, 50);\n';
  project.write("schema/api.ts", schemaOf(HELLO) + leaving);
  // In either order. A schema that is loaded before the end of the thread would end with it.
  await prints(/^(?=[\s\S]*schema\/api\.ts changed: generated: wrote .*client\.d\.ts)(?=[\s\S]*leaves\n)/);
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

test("dev starts the server once the modules of its folder have no problem, and restarts it for JavaScript that they import", async () => {
  const module = (text: string) =>
    `import { defineHandlerModule } from "../generated/server.js";\nimport { text } from "../text.js";\n${text}`;
  const hello =
    "console.log('loaded with', text);\nexport default defineHandlerModule({ hello: { get: () => text } });\n";
  const project = new Project({
    "schema/api.ts": schemaOf(HELLO),
    "handlers/hello.js": module("throw new Error('no database');\n"),
    "text.js": 'export const text = "one";\n',
    "package.json": '{ "type": "module" }',
  });
  const { child, prints } = devProcess(project, "--handlers", "handlers", "--port", "0");
  await prints(/handlers\/hello\.js:3:\d+: no database[\s\S]*server exited with status 1; waiting for a change\n/);
  project.write("handlers/hello.js", module(hello));
  await prints(/handlers\/hello\.js changed[\s\S]*loaded with one\n[\s\S]*call ssh:/);
  project.write("text.js", 'export const text = "two";\n');
  await prints(/text\.js changed: restarting the server\n[\s\S]*loaded with two\n/);
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
  // The check of the types and the server run side by side.
  await prints(
    /^(?=[\s\S]*^test 1\.0\.0 listens on 127\.0\.0\.1:\d+\n)(?=[\s\S]*^server\/handlers\.ts:\d+:7: error TS2322: Type 'number' is not assignable to type 'string'\.\n)/m,
  );
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

test("dev reloads a folder of handlers: connections stay, running calls finish on the old module, and a broken one changes nothing", async () => {
  const [host, alice] = [generateKeyPair(), generateKeyPair()];
  const moduleOf = (text: string) => `import { defineHandlerModule } from "../generated/server.js";
import { word } from "../lib/word.js";
export default defineHandlerModule({
  hello: { get: (): string => \`${text} \${word}\` },
  wait: {
    async *get({}, ctx) {
      for (let i = 0; !ctx.signal.aborted; i++) {
        yield \`${text} \${i}\`;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  },
});
`;
  const project = new Project({
    "schema/api.ts": schemaOf(HELLO, "wait: { GET: { responseStream: Type.String() } }"),
    "handlers/hello.ts": moduleOf("one"),
    "lib/word.ts": 'export const word: string = "apple";\n',
    "package.json": '{ "type": "module" }',
    host: host.privateKey,
    keys: `${alice.publicKey} alice\n`,
  });
  chmodSync(join(project.folder, "host"), 0o600);
  const server = ["--handlers", "handlers", "--port", "0", "--host-key", "host", "--authorized-keys", "keys"];
  const { child, prints, output } = devProcess(project, ...server);
  await prints(/listens on 127\.0\.0\.1:\d+[\s\S]*call ssh:/);
  const [, port] = /listens on 127\.0\.0\.1:(\d+)/.exec(output()) ?? [];
  const generated = await import(join(project.folder, "generated/client.js"));
  await using client = await generated.connect(`ssh://alice@127.0.0.1:${port}`, {
    identity: { privateKey: alice.privateKey },
    hostKey: fingerprintOf(host.publicKey),
  });
  expect(await client.hello.get()).toBe("one apple");
  const items = client.wait.get()[Symbol.asyncIterator]();
  expect((await items.next()).value).toBe("one 0");

  project.write("handlers/hello.ts", moduleOf("two"));
  await prints(/handlers\/hello\.ts changed: reloading the handlers\n[\s\S]*handlers reloaded/);
  expect(await client.hello.get()).toBe("two apple");
  project.write("lib/word.ts", 'export const word: string = "pear";\n');
  await prints(/lib\/word\.ts changed: reloading the handlers\n[\s\S]*handlers reloaded/);
  expect(await client.hello.get()).toBe("two pear");

  project.write("handlers/hello.ts", "throw new Error('no database');\n");
  await prints(/handlers\/hello\.ts:1:\d+: no database[\s\S]*the old handlers are still in use/);
  expect(await client.hello.get()).toBe("two pear");
  project.write("handlers/hello.ts", moduleOf("three").replace(/ {2}wait: [\s\S]*\n {2}},\n/, ""));
  await prints(/GET \/wait: no module has its handler, wait\.get[\s\S]*the old handlers are still in use/);
  project.write("handlers/wait.ts", moduleOf("four").replace(/ {2}hello: .*\n/, ""));
  await prints(/handlers changed: reloading the handlers\n[\s\S]*handlers reloaded/);
  expect(await client.hello.get()).toBe("three pear");
  expect((await items.next()).value).toMatch(/^one \d+$/);
  await items.return();
  for await (const item of client.wait.get()) {
    expect(item).toBe("four 0");
    break;
  }
  const ended = once(child, "exit");
  child.kill("SIGINT");
  expect(await ended).toEqual([0, null]);
});
