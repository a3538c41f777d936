import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { generateKeyPair } from "sshrpc/testing";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { run } from "../../../interop/run.js";
import { sshOptions } from "../../../interop/sshd.js";
import { itWith } from "../../../interop/stock.js";
import { fingerprintOf, type Outcome, sshrpc, sshrpcProcess, start, tempDir } from "./run.js";

const path = (relative: string) => fileURLToPath(new URL(`../../../../${relative}`, import.meta.url));
const HANDLERS = path("examples/server.ts");

beforeEach(() => void vi.unstubAllEnvs());

/** Starts `sshrpc serve` in a directory, which is its home, too; returns what it prints first. */
async function serve(cwd: string, ...flags: readonly string[]): Promise<string> {
  const server = start(["serve", "--handlers", HANDLERS, "--port", "0", ...flags], { cwd });
  await server.prints(/ call ssh:.*\n(?: .*\n)?$/);
  return server.output().stdout;
}

const words = (line: string) => line.split(" ").map((word) => word.replaceAll('"', ""));

test.each<[string, readonly string[]]>([
  ["with the default home", []],
  ["with another home", ["--home", "the server/home"]],
  ["with another authorized_keys file", ["--authorized-keys", "list"]],
])("the commands that serve prints authorize a new user, %s", async (_, flags) => {
  const { privateKey, publicKey } = generateKeyPair();
  const cwd = tempDir({ list: "" });
  // The SSH client reads ~/.ssh of the process.
  vi.stubEnv("HOME", cwd);
  mkdirSync(`${cwd}/.ssh`);
  writeFileSync(`${cwd}/.ssh/id_ed25519`, privateKey, { mode: 0o600 });
  writeFileSync(`${cwd}/.ssh/id_ed25519.pub`, `${publicKey} newcomer\n`);
  const text = await serve(cwd, ...flags);
  const run = async (step: RegExp): Promise<Outcome> => {
    const [, command = ""] = step.exec(text) ?? [];
    expect(command).not.toBe("");
    return sshrpc(words(command.replace("~", cwd).replace("the server", "the\0server")).map(restoreSpace), { cwd });
  };
  const added = await run(/npx sshrpc (keys add .*)/);
  expect(added).toMatchObject({ status: 0, stderr: "" });
  const [, known] = /echo "(.*)" >> ~\/\.ssh\/known_hosts/.exec(text) ?? [];
  expect(added.stdout).toContain(`known_hosts  ${known}\n`);
  appendFileSync(`${cwd}/.ssh/known_hosts`, `${known}\n`);
  expect(await run(/npx sshrpc (call .*)/)).toMatchObject({ status: 0, stderr: "" });
});

test("serve prints the ssh command that lists the methods, unless commands are disabled", async () => {
  const text = await serve(tempDir());
  const [, port] = /listens on 127\.0\.0\.1:(\d+)/.exec(text) ?? [];
  expect(text).toMatch(new RegExp(`\\n {2}ssh -p ${port} \\S+@127\\.0\\.0\\.1 help\\n$`));
  expect(await serve(tempDir(), "--no-exec")).not.toContain("ssh -p");
});

test("serve takes handlers that were compiled to CommonJS", async () => {
  const cwd = tempDir({
    "handlers.cjs": `Object.defineProperty(exports, "__esModule", { value: true });
exports.default = { api: { name: "doors", version: "1.0.0", hash: "00", methods: [] }, handlers: new Map() };
`,
  });
  const server = start(["serve", "--handlers", "handlers.cjs", "--port", "0"], { cwd });
  await server.prints(/doors 1\.0\.0 listens on/);
});

const restoreSpace = (word: string) => word.replace("\0", " ");

test("serve fails for a damaged host key, names the file and the fix, and leaves it unchanged", async () => {
  const cwd = tempDir();
  expect(await sshrpc(["keys", "init"], { cwd })).toMatchObject({ status: 0 });
  writeFileSync(`${cwd}/.sshrpc/ssh_host_ed25519_key`, "");
  expect(await sshrpc(["serve", "--handlers", HANDLERS, "--port", "0"], { cwd })).toMatchObject({
    status: 1,
    stdout: "",
    stderr: expect.stringMatching(
      /^sshrpc: host key \.sshrpc\/ssh_host_ed25519_key is damaged[^\n]*; restore the file from a backup, or delete it [^\n]*\n$/,
    ),
  });
  expect(existsSync(`${cwd}/.sshrpc/ssh_host_ed25519_key`)).toBe(true);
});

test("serve fails for a damaged list of revoked keys, and names the line", async () => {
  const cwd = tempDir({ revoked: "# lost laptops\nssh-ed25519 AAAA\n" });
  expect(
    await sshrpc(["serve", "--handlers", HANDLERS, "--port", "0", "--revoked-keys", "revoked"], { cwd }),
  ).toMatchObject({
    status: 1,
    stdout: "",
    stderr: expect.stringMatching(/^sshrpc: revoked:2: damaged or truncated ssh-ed25519 key; [^\n]*\n$/),
  });
});

itWith(["ssh"], "serve disables commands with --no-exec, and runs the command of --shell for logins", async () => {
  const { privateKey, publicKey } = generateKeyPair();
  const cwd = tempDir({ list: `${publicKey} alice\n` });
  writeFileSync(`${cwd}/key`, privateKey, { mode: 0o600 });
  const text = await serve(cwd, "--authorized-keys", "list", "--no-exec", "--shell", "GET /hello name=Ada");
  const [, known, port] = /echo "(\[127\.0\.0\.1\]:(\d+) .*)" >>/.exec(text) ?? [];
  writeFileSync(`${cwd}/known_hosts`, `${known}\n`);
  const options = sshOptions({ knownHosts: `${cwd}/known_hosts`, identity: `${cwd}/key`, port: Number(port) });
  expect(await run("ssh", [...options, "-T", "alice@127.0.0.1"])).toMatchObject({
    status: 0,
    stdout: '{"msg":"Hello Ada!"}\n',
  });
  expect(await run("ssh", [...options, "alice@127.0.0.1", "GET /hello"])).toMatchObject({
    status: 255,
    stderr: expect.stringContaining("exec request failed"),
  });
});

test.each([
  ["--no-exec", "GET /hello", { status: 1, stdout: "", stderr: "exec is disabled on this server\n" }],
  ["--no-shell", "", { status: 1, stdout: "", stderr: "shell is disabled on this server\n" }],
  ["--shell=GET /hello name=Ada", "", { status: 0, stdout: '{"msg":"Hello Ada!"}\n', stderr: "" }],
])("serve --stdio respects %s", async (flag, command, outcome) => {
  const env = { SSH_CONNECTION: "192.0.2.1 1 192.0.2.2 22", SSH_ORIGINAL_COMMAND: command };
  const args = ["serve", "--stdio", "--forced", "--handlers", HANDLERS, flag];
  expect(await sshrpcProcess(args, { env })).toEqual(outcome);
});

test.each(["/proc/none/log", "/dev/null/log"])("serve --stdio ends at once if it cannot log to %s", async (log) => {
  expect(await sshrpcProcess(["serve", "--stdio", "--handlers", HANDLERS, "--log", log])).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(new RegExp(`--log ${log}: cannot be written \\(\\w+\\)\\n$`)),
  });
});

test("serve --stdio creates the directories of its log", async () => {
  const cwd = tempDir();
  await sshrpcProcess(["serve", "--stdio", "--handlers", HANDLERS, "--log", "logs/notes/log"], { cwd });
  expect(readFileSync(`${cwd}/logs/notes/log`, "utf8")).toContain("session over stdio");
});

test("a host key in text form works, and is not printed", async () => {
  const { privateKey, publicKey } = generateKeyPair();
  const text = await serve(tempDir(), "--host-key", privateKey);
  expect(text).toContain(fingerprintOf(publicKey));
  for (const line of privateKey.trim().split("\n")) expect(text).not.toContain(line);
});

itWith(["ssh-keygen"], "serve takes several host keys, and prints the fingerprint of each", async () => {
  const cwd = tempDir();
  for (const type of ["ed25519", "ecdsa"])
    await run("ssh-keygen", ["-q", "-t", type, "-N", "", "-f", `${cwd}/${type}`]);
  const text = await serve(cwd, "--host-key", "ed25519", "--host-key", `${cwd}/ecdsa`);
  for (const type of ["ed25519", "ecdsa"]) {
    const { stdout } = await run("ssh-keygen", ["-lf", `${cwd}/${type}`]);
    expect(text).toContain(`  host key         ${stdout.split(" ")[1]}\n`);
  }
});

itWith(["ssh", "gzip"], "serve --korv accepts korv's clients, with the limits that it names", async () => {
  const { privateKey, publicKey } = generateKeyPair();
  const cwd = tempDir({ list: `${publicKey} alice\n` });
  writeFileSync(`${cwd}/key`, privateKey, { mode: 0o600 });
  const text = await serve(cwd, "--authorized-keys", "list", "--korv", "calls=2,decompressed=100");
  const [, known, port] = /echo "(\[127\.0\.0\.1\]:(\d+) .*)" >>/.exec(text) ?? [];
  writeFileSync(`${cwd}/known_hosts`, `${known}\n`);
  const options = sshOptions({ knownHosts: `${cwd}/known_hosts`, identity: `${cwd}/key`, port: Number(port) });
  const send = (name: string) => {
    const request = JSON.stringify({ id: 1, verb: "GET", resource: "/hello", body: { name } });
    const args = [...options, "-W", "any:1", "alice@127.0.0.1"];
    return run("sh", ["-c", 'gzip | ssh "$@" | gunzip', "sh", ...args], request);
  };
  expect((await send("Ada")).stdout).toContain('"Hello Ada!"');
  expect((await send("Ada".repeat(30))).stdout).not.toContain("Hello");
});

test.each([
  ["127.0.0.1:0", "info", "metrics are served"],
  ["0", "info", "metrics are served"],
  ["[::1]:0", "info", "metrics are served"],
  ["0.0.0.0:0", "warn", "metrics are served without authentication beyond this machine"],
])("--metrics %s serves metrics of calls and of the process, with a line at %s", async (address, level, message) => {
  const server = start(["serve", "--handlers", HANDLERS, "--port", "0", "--metrics", address], { cwd: tempDir() });
  await server.prints(/ call ssh:.*\n(?: .*\n)?$/);
  const lines = server.output().stderr.trim().split("\n");
  const line = lines.map((text) => JSON.parse(text)).find(({ url }) => url !== undefined);
  expect(line.msg).toBe(message);
  expect(line.level).toBe(level);
  const text = await (await fetch(line.url.replace("0.0.0.0", "127.0.0.1"))).text();
  expect(text).toContain("sshrpc_connections 0");
  expect(text).toContain("nodejs_eventloop_lag_seconds");
});

test("serve does not start where the port of --metrics is in use", async () => {
  const busy = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void busy.close());
  await vi.waitUntil(() => busy.listening);
  const address = `127.0.0.1:${(busy.address() as AddressInfo).port}`;
  const args = ["serve", "--handlers", HANDLERS, "--port", "0", "--metrics", address];
  expect(await sshrpc(args, { cwd: tempDir() })).toMatchObject({
    status: 1,
    stdout: "",
    stderr: `sshrpc: metrics: cannot listen on ${address}: the port is in use\n`,
  });
});

test.each([
  ["--metrics edge:9464", ["--metrics", "edge:9464"], "not an address and port, such as 127.0.0.1:9464"],
  ["--metrics 127.0.0.1", ["--metrics", "127.0.0.1"], "not an address and port"],
  ["--metrics :99999", ["--metrics", "127.0.0.1:99999"], "not an address and port"],
  ["--metrics with --stdio", ["--stdio", "--metrics", "9464"], "sshd starts a process for each session"],
])("serve refuses %s", async (_, flags, message) => {
  const port = flags.includes("--stdio") ? [] : ["--port", "0"];
  const outcome = await sshrpc(["serve", "--handlers", HANDLERS, ...port, ...flags], { cwd: tempDir() });
  expect(outcome.status).toBe(2);
  expect(outcome.stderr).toContain(message);
});

test("serve --stdio tells its client that the config file is invalid, and its log where", async () => {
  const cwd = tempDir({ "server.json": '{ "serve": { "scops": 1 } }' });
  const args = ["serve", "--stdio", "--config", "server.json", "--log", "log"];
  const { stdout, stderr, status } = await sshrpcProcess(args, { cwd });
  expect(stdout).toContain("the config file of the server is invalid");
  expect(stdout).not.toContain("server.json");
  const reason = 'server.json:1:14: serve.scops: unknown option of sshrpc serve (did you mean "scopes"?)';
  expect({ status, stderr }).toEqual({ status: 2, stderr: `sshrpc: ${reason}\n` });
  expect(JSON.parse(readFileSync(`${cwd}/log`, "utf8")).err.message).toContain(reason);
});

test("with --shutdown-delay, health says draining after SIGTERM while the port is open, and then the server ends", async () => {
  const { privateKey, publicKey } = generateKeyPair();
  const [host, cwd] = [generateKeyPair(), tempDir({})];
  writeFileSync(`${cwd}/host`, host.privateKey, { mode: 0o600 });
  writeFileSync(`${cwd}/id`, privateKey, { mode: 0o600 });
  writeFileSync(`${cwd}/list`, `scopes="sshrpc:health" ${publicKey}\n`);
  const files = ["--host-key", `${cwd}/host`, "--authorized-keys", `${cwd}/list`];
  const server = start(["serve", "--handlers", HANDLERS, "--port", "0", "--shutdown-delay", "2s", ...files], { cwd });
  await server.prints(/ call ssh:.*\n(?: .*\n)?$/);
  const [, port] = /listens on 127\.0\.0\.1:(\d+)/.exec(server.output().stdout) ?? [];
  writeFileSync(`${cwd}/known_hosts`, `[127.0.0.1]:${port} ${host.publicKey}\n`);
  const flags = ["--identity", `${cwd}/id`, "--known-hosts", `${cwd}/known_hosts`];
  const health = () => sshrpc(["call", ...flags, `ssh://monitor@127.0.0.1:${port}`, "GET", "/sshrpc/health"], { cwd });
  expect((await health()).status).toBe(0);
  server.signal("SIGTERM");
  const { status, stdout } = await health();
  expect([status, JSON.parse(stdout)]).toMatchObject([5, { status: "draining" }]);
  expect(await server.ended).toMatchObject({ status: 0 });
  expect(await health()).toMatchObject({ status: 5, stdout: "" });
  const misplaced = ["serve", "--stdio", "--shutdown-delay", "2s", "--handlers", HANDLERS];
  expect(await sshrpc(misplaced)).toMatchObject({
    ...{ status: 2, stderr: expect.stringContaining("--shutdown-delay cannot be used with --stdio") },
  });
});
