import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { generateKeyPair } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { run } from "../../../../../runtime/src/cli/main.js";
import { BIN, start, TestIo, tempDir } from "../run.js";

const path = (relative: string) => fileURLToPath(new URL(`../../../../../${relative}`, import.meta.url));

const CLOSED_OUTPUT = '{ "$@"; echo "status $?" >&2; } | true';
const FULL = '"$@" > /dev/full; echo "status $?" >&2';

/** A directory with a list of keys and a public key. */
function keysDirectory(): string {
  return tempDir({ list: `${generateKeyPair().publicKey} alice\n`, "id.pub": `${generateKeyPair().publicKey} bob\n` });
}

/** What a command prints on standard error, and its exit status, where a shell does this with its standard output. */
function runProcess(script: string, ...args: readonly string[]): string {
  const cwd = keysDirectory();
  const all = ["-c", script, "sh", process.execPath, BIN, ...args];
  return spawnSync("sh", all, { cwd, env: { ...process.env, NODE_OPTIONS: "" }, encoding: "utf8", timeout: 45_000 })
    .stderr;
}

test.each([
  [["--help"]],
  [["keys", "list", "--authorized-keys", "list"]],
  [["keys", "add", "id.pub"]],
  [["keys", "generate", "id"]],
])("%j succeeds silently if the reader has closed its output", async (args) => {
  const command = start(args, { cwd: keysDirectory(), stdoutError: "EPIPE" });
  expect(await command.ended).toEqual({ status: 0, stdout: "", stderr: "" });
});

test("runs that share a failing output each report the failure, without a warning about listeners", async () => {
  const warnings: string[] = [];
  const onWarning = ({ name }: Error) => void warnings.push(name);
  process.on("warning", onWarning);
  onTestFinished(() => void process.off("warning", onWarning));
  const io = new TestIo(keysDirectory(), { stdoutError: "ENOSPC" });
  const runs = Array.from({ length: 15 }, () => run(["--version"], io));
  expect(await Promise.all(runs)).toEqual(Array(15).fill(1));
  expect(io.leftovers).toEqual([]);
  // Node emits warnings in a later turn.
  await new Promise((done) => setImmediate(done));
  expect(warnings).toEqual([]);
});

test("a process succeeds silently if the reader has closed its output", () => {
  expect(runProcess(CLOSED_OUTPUT, "keys", "add", "id.pub")).toBe("status 0\n");
});

test.each([[["--version"]], [["keys", "add", "id.pub"]]])("%j reports a full disk in one line", async (args) => {
  const command = start(args, { cwd: keysDirectory(), stdoutError: "ENOSPC" });
  const stderr = "sshrpc: cannot write to standard output: ENOSPC\n";
  expect(await command.ended).toEqual({ status: 1, stdout: "", stderr });
});

test.skipIf(!existsSync("/dev/full"))("a process reports a full disk in one line", () => {
  expect(runProcess(FULL, "keys", "list", "--authorized-keys", "list")).toMatch(
    /^sshrpc: cannot write to standard output: ENOSPC[^\n]*\nstatus 1\n$/,
  );
});

test("a server continues if the reader has closed its output", async () => {
  const free = createServer().listen(0, "127.0.0.1");
  await once(free, "listening");
  const { port } = free.address() as AddressInfo;
  await once(free.close(), "close");
  const args = ["serve", "--handlers", path("examples/server.ts"), "--port", `${port}`];
  const child = spawn(process.execPath, [BIN, ...args], { cwd: tempDir(), stdio: ["ignore", "pipe", "ignore"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  child.stdout.destroy();
  const banner = () =>
    new Promise<string>((resolve) => {
      const socket = connect(port, "127.0.0.1").on("error", () => resolve(""));
      socket.once("data", (data) => resolve(`${data}`)).once("data", () => socket.destroy());
    });
  await expect.poll(banner, { timeout: 30_000 }).toContain("SSH-2.0-");
  // Once more: had the print failed it, it would have ended between the two.
  expect(await banner()).toContain("SSH-2.0-");
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
});
