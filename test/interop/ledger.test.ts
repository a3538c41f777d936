import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { BIN } from "../unit/runtime/cli/run.js";
import { makeKey, tempDir } from "../unit/runtime/ssh/support.js";
import { until } from "../unit/runtime/support/wait.js";
import { type Running, start } from "./served.js";
import { sshOptions } from "./sshd.js";
import { itWith } from "./stock.js";

/** Handlers that write each run to a file, and wait while another file exists. */
const HANDLERS = `
import { appendFileSync, existsSync, readFileSync } from "node:fs";
const method = (id, more) => ({ id, resource: id.slice(7), verb: "STORE", path: id.slice(6), kind: "unary", params: {}, idempotent: false, request: () => true, response: () => true, ...more });
const store = async (request, ctx) => {
  appendFileSync("runs", ctx.idempotencyKey + "\\n");
  while (existsSync("wait")) await new Promise((resolve) => setTimeout(resolve, 5));
  return { run: readFileSync("runs", "utf8").split("\\n").length - 1 };
};
const methods = [method("STORE /orders"), method("STORE /again", { onInterrupt: "run" })];
export default {
  api: { name: "test", version: "1.0.0", hash: "00", methods },
  handlers: new Map(methods.map(({ id }) => [id, store])),
};
`;

/** A directory with handlers, keys, and a server that can be started again. */
function setUp() {
  const cwd = tempDir();
  writeFileSync(join(cwd, "handlers.mjs"), HANDLERS);
  const [host, alice] = [makeKey(cwd, "host"), makeKey(cwd, "alice")];
  writeFileSync(join(cwd, "authorized_keys"), `${alice.line}\n`);
  const knownHosts = join(cwd, "known_hosts");
  const serve = async (ledger: string, wrap: readonly string[] = []) => {
    const flags = ["--port", "0", "--host-key", "host", "--authorized-keys", "authorized_keys", "--ledger", ledger];
    const [program = "", ...args] = [...wrap, process.execPath, BIN, "serve", "--handlers", "handlers.mjs", ...flags];
    const server = start(program, args, { cwd });
    await expect.poll(() => `${server.stdout()}${server.stderr()}`, { timeout: 20_000 }).toMatch(/To call a method/);
    const [, port = ""] = /127\.0\.0\.1:(\d+)/.exec(`${server.stdout()}`) ?? [];
    writeFileSync(knownHosts, `[127.0.0.1]:${port} ${host.line.split(" ").slice(0, 2).join(" ")}\n`);
    const ssh = [...sshOptions({ identity: alice.file, knownHosts, port: Number(port) }), "alice@127.0.0.1"];
    return { server, ssh: (...command: string[]) => start("ssh", ["-n", ...ssh, ...command]) };
  };
  const runs = (): string[] => {
    const file = join(cwd, "runs");
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  };
  return { cwd, serve, runs };
}

async function outcome({ ended, stdout, stderr }: Running): Promise<readonly [unknown, string, string]> {
  const status = await ended;
  return [status, stdout().toString(), stderr()];
}

const order = (key: string, path = "/orders"): string[] => ["STORE", path, "item=cup", "--idempotency-key", key];

itWith(
  ["ssh"],
  "a command with a key has its effect once, also where the server is killed between two tries",
  async () => {
    const { cwd, serve, runs } = setUp();
    const first = await serve("file:ledger");
    expect(await outcome(first.ssh(...order("order-1")))).toEqual([0, '{"run":1}\n', ""]);
    expect(await outcome(first.ssh(...order("order-1")))).toEqual([0, '{"run":1}\n', ""]);
    writeFileSync(join(cwd, "wait"), "");
    const commands = [first.ssh(...order("order-2")), first.ssh(...order("order-3", "/again"))];
    await until("the handlers", () => runs().length === 3);
    first.server.process.kill("SIGKILL");
    await Promise.all([first.server.ended, ...commands.map(({ ended }) => ended)]);
    rmSync(join(cwd, "wait"));
    const second = await serve("file:ledger");
    expect(await outcome(second.ssh(...order("order-1")))).toEqual([0, '{"run":1}\n', ""]);
    const [status, , error] = await outcome(second.ssh(...order("order-2")));
    expect([status, JSON.parse(error)]).toMatchObject([5, { status: "INTERRUPTED", code: 520 }]);
    expect(await outcome(second.ssh(...order("order-3", "/again")))).toEqual([0, '{"run":4}\n', ""]);
    expect(runs().sort()).toEqual(["order-1", "order-2", "order-3", "order-3"]);
  },
);

itWith(["ssh"], "a command with a key goes on where ssh is killed, and the next one gets its outcome", async () => {
  const { cwd, serve, runs } = setUp();
  const { ssh } = await serve("memory");
  writeFileSync(join(cwd, "wait"), "");
  const first = ssh(...order("order-1"));
  await until("the handler", () => runs().length === 1);
  first.process.kill("SIGKILL");
  await first.ended;
  const second = ssh(...order("order-1"));
  rmSync(join(cwd, "wait"));
  expect(await outcome(second)).toEqual([0, '{"run":1}\n', ""]);
  expect(runs()).toEqual(["order-1"]);
});

itWith(["ssh"], "a command with a key is refused by a server without a ledger", async () => {
  const { serve } = setUp();
  const { ssh } = await serve("none");
  const [status, , error] = await outcome(ssh(...order("order-1")));
  expect([status, JSON.parse(error)]).toMatchObject([5, { status: "UNIMPLEMENTED" }]);
});

/** A file system of 32 KiB in memory, of which a file takes half; it is seen only by the program that follows. */
const SMALL_DISK = 'mount -t tmpfs -o size=32k none "$0" && head -c 16384 /dev/zero >"$0/other" && exec "$@"';
const canMount = spawnSync("unshare", ["-Urm", "sh", "-c", "mount -t tmpfs none /mnt"]).status === 0;

// Some systems, and some containers, let only root make namespaces.
it.skipIf(!canMount)(
  "a server whose ledger is on a full disk refuses calls with a key before they run, until there is space",
  async () => {
    const { serve, runs } = setUp();
    const disk = tempDir();
    const { server, ssh } = await serve(`file:${disk}/ledger`, ["unshare", "-Urm", "sh", "-c", SMALL_DISK, disk]);
    const seen = `/proc/${server.process.pid}/root${disk}`;
    const text = `text=${"x".repeat(3000)}`;
    // The key is long, so that few calls fill the disk.
    const keyOf = (number: number): string => `${number}-${"k".repeat(200)}`;
    let number = 0;
    let last = await outcome(ssh("STORE", "/orders", text, "--idempotency-key", keyOf(number)));
    writeFileSync(`${seen}/more`, "x".repeat(statfsSync(seen).bavail * 4096));
    while (last[0] === 0) last = await outcome(ssh("STORE", "/orders", text, "--idempotency-key", keyOf(++number)));
    expect(JSON.parse(last[2])).toMatchObject({
      ...{ status: "RESOURCE_EXHAUSTED", details: { retryAfter: 1000 } },
      message: expect.stringContaining("the ledger of the server cannot be written (ENOSPC), so the call is not run"),
    });
    expect(runs()).toHaveLength(number);
    expect(await outcome(ssh("STORE", "/orders", text, "--idempotency-key", keyOf(0)))).toEqual([0, '{"run":1}\n', ""]);
    rmSync(`${seen}/other`);
    const again = await outcome(ssh("STORE", "/orders", text, "--idempotency-key", keyOf(number)));
    expect(again).toEqual([0, `{"run":${number + 1}}\n`, ""]);
    expect(`${server.stdout()}${server.stderr()}`).toContain("the ledger file can be written again");
  },
  60_000,
);
