import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { serveHandlers } from "sshrpc/server";
import { expect, onTestFinished } from "vitest";
import handlers from "../../examples/server.js";
import { sshrpc } from "../unit/runtime/cli/run.js";
import { TestLog, tempDir, write } from "../unit/runtime/ssh/support.js";
import { type Outcome, run } from "./run.js";
import { itWith } from "./stock.js";

/** A running server with its home, and a stock client with a key. Keys are managed by the CLI. */
async function start() {
  const home = tempDir();
  const keys = async (...args: readonly string[]) => {
    const outcome = await sshrpc(["keys", ...args, "--home", home]);
    expect(outcome, args.join(" ")).toMatchObject({ status: 0, stderr: "" });
    return outcome.stdout;
  };
  const identity = `${home}/alice`;
  await keys("init");
  await sshrpc(["keys", "generate", identity, "--name", "alice"]);
  const log = new TestLog();
  const file = `${home}/authorized_keys`;
  const options = { port: 0, hostKeys: `${home}/ssh_host_ed25519_key`, authorizedKeys: file, log };
  const server = await serveHandlers(handlers, options);
  onTestFinished(() => server.close());
  write(home, "known_hosts", `[127.0.0.1]:${server.port} ${server.hostKeys[0]}\n`);
  const flags = ["-F", "none", "-T", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"];
  flags.push("-o", `UserKnownHostsFile=${home}/known_hosts`, "-o", "StrictHostKeyChecking=yes", "-i", identity);
  flags.push("-o", "LogLevel=ERROR", "-p", String(server.port));
  const ssh = (...args: readonly string[]): Promise<Outcome> => run("ssh", [...flags, "alice@127.0.0.1", ...args]);

  /** A connection that stays open; calls use only this one. */
  const hold = async () => {
    const path = `${home}/control`;
    const master = ["-N", "-o", "ControlMaster=yes", "-o", `ControlPath=${path}`, "alice@127.0.0.1"];
    const child: ChildProcess = spawn("ssh", [...flags, ...master], { stdio: "ignore" });
    onTestFinished(() => void child.kill("SIGKILL"));
    const ended = once(child, "exit");
    const control = (...args: readonly string[]) => run("ssh", ["-F", "none", "-S", path, ...args]);
    await expect.poll(async () => (await control("-O", "check", "alice")).status).toBe(0);
    return { ended, call: (...args: readonly string[]) => control("-o", "ProxyCommand=false", "alice", ...args) };
  };
  return { home, file, keys, ssh, hold, log, identity };
}

const soon = { interval: 50 };

itWith(["ssh"], "adding, restricting and removing a key applies to its open connections at once", async () => {
  const { home, file, keys, ssh, hold, log, identity } = await start();
  const denied = { status: 255, stderr: expect.stringContaining("Permission denied") };
  expect(await ssh("GET", "/notes")).toMatchObject(denied);

  await keys("add", `${identity}.pub`, "--scopes", "notes:*");
  const { ended, call } = await hold();
  expect(await call("GET", "/notes")).toMatchObject({ status: 0, stderr: "" });

  write(home, "authorized_keys", readFileSync(file, "utf8").replace('"notes:*"', '"notes:write"'));
  await expect
    .poll(() => call("GET", "/notes"), soon)
    .toMatchObject({
      status: 4,
      stderr: expect.stringContaining("FORBIDDEN"),
    });

  await keys("remove", "alice");
  expect((await ended)[0]).toBe(255);
  expect(await ssh("GET", "/notes")).toMatchObject(denied);
  expect(log.with("access revoked")[0]?.fields).toMatchObject({ keyName: "alice", reason: "the key is not listed" });
});

itWith(["ssh"], "the open connections of a key are closed when it expires", async () => {
  const { keys, hold, identity } = await start();
  await keys("add", `${identity}.pub`, "--expires", "8s");
  const { ended } = await hold();
  expect((await ended)[0]).toBe(255);
});

itWith(["ssh"], "a key is restricted to its source addresses, and a purge closes all connections", async () => {
  const { keys, ssh, hold, log, identity } = await start();
  await keys("add", `${identity}.pub`, "--from", "192.0.2.0/24,2001:db8::/32");
  expect((await ssh("GET", "/hello")).status).toBe(255);
  const [refused] = log.with("authentication refused");
  expect(refused?.fields["reason"]).toMatch(/^the source address is not in from="192\.0\.2\.0\/24,2001:db8::\/32"/);

  await keys("remove", "alice");
  await keys("add", `${identity}.pub`, "--from", "127.0.0.0/8,!127.0.0.2");
  expect(await ssh("GET", "/hello")).toMatchObject({ status: 0, stderr: "" });
  const { ended } = await hold();
  await keys("purge", "--yes");
  expect((await ended)[0]).toBe(255);
});
