import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { isAlive } from "../../../interop/run.js";
import { freePort } from "../ssh/support.js";
import { until, within } from "../support/wait.js";
import { clientOf, type Deployment, deployment, listening, startServer } from "./deployed.js";

const TAKEOVER = ["--takeover", "--grace", "20s"];

/** Opens connections one after the other until it is stopped. @returns how many were refused or closed without an SSH banner */
function knock({ port }: Deployment): () => Promise<{ readonly good: number; readonly bad: readonly string[] }> {
  let good = 0;
  const bad: string[] = [];
  let isOver = false;
  const one = () =>
    new Promise<void>((resolve) => {
      let text = "";
      const socket = connect(port, "127.0.0.1");
      socket.on("data", (chunk) => {
        text += chunk;
        socket.destroy();
      });
      socket.on("error", ({ message }) => bad.push(message));
      socket.on("close", () => {
        if (text.startsWith("SSH-2.0-")) good += 1;
        else bad.push(`closed after "${text}"`);
        resolve();
      });
    });
  const all = (async () => {
    while (!isOver) {
      await one();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  return async () => {
    isOver = true;
    await all;
    return { good, bad };
  };
}

test("a server that takes over gets the port while calls run: none is lost or doubled, and no connection is refused", async () => {
  const where = await deployment(await freePort());
  let current = startServer(where, TAKEOVER);
  await listening(current);
  const clients = await Promise.all([clientOf(where), clientOf(where)]);
  const stop = knock(where);
  const pids = new Set<number>();
  let isOver = false;
  let stored = 0;
  const failures: unknown[] = [];
  const load = clients.map(async (client, number) => {
    for (let turn = 0; !isOver; turn += 1) {
      try {
        await client.items.store({ item: `${number}-${turn}` });
        stored += 1;
        pids.add(await client.pid.get());
        for await (const _ of client.ticks.get({ count: 5 }));
      } catch (error) {
        failures.push(error);
      }
    }
  });
  for (let round = 0; round < 3; round += 1) {
    const next = startServer(where, TAKEOVER);
    await listening(next);
    expect(await within("the end of the old server", current.ended), current.output()).toBe(0);
    current = next;
  }
  const before = pids.size;
  await until("calls at the last server", () => pids.size >= before && pids.size >= 4);
  isOver = true;
  await Promise.all(load);
  const { good, bad } = await stop();
  expect(failures).toEqual([]);
  expect(bad).toEqual([]);
  expect(good).toBeGreaterThan(10);
  const items = readFileSync(`${where.cwd}/items`, "utf8").trim().split("\n");
  expect(items.length).toBe(stored);
  expect(new Set(items).size).toBe(stored);
});

async function connectionOfAnother(where: Deployment, pid: number): Promise<void> {
  while ((await (await clientOf(where)).pid.get()) === pid);
}

test("a call that runs during a takeover finishes at the old server, which ends then", async () => {
  const where = await deployment(await freePort());
  const old = startServer(where, TAKEOVER);
  await listening(old);
  const client = await clientOf(where);
  const pid = await client.pid.get();
  const call = client.wait.get();
  await until("the call", () => existsSync(`${where.cwd}/waiting`));
  const next = startServer(where, TAKEOVER);
  await listening(next);
  // The old server still accepts connections until it hears that the new one listens.
  await within("a connection of the new server", connectionOfAnother(where, pid));
  expect(old.child.exitCode).toBeNull();
  writeFileSync(`${where.cwd}/go`, "");
  expect(await call).toBe(pid);
  expect(await within("the end", old.ended)).toBe(0);
  next.child.kill("SIGTERM");
  expect(await within("the end", next.ended)).toBe(0);
  expect(readdirSync(`${where.cwd}/sshrpc`)).toEqual([]);
});

test.each([
  ["throws while it loads", "start", 1, /this version is broken/],
  ["exits while it loads", "exit", 7, /^$/],
])("a new version that %s leaves the old server as it is", async (_, failAt, status, text) => {
  const where = await deployment(await freePort());
  const old = startServer(where, TAKEOVER);
  await listening(old);
  const client = await clientOf(where);
  const pid = await client.pid.get();
  const broken = startServer(where, TAKEOVER, { FAIL_AT: failAt });
  expect(await within("the end of the new server", broken.ended)).toBe(status);
  expect(broken.output()).toMatch(text);
  await until("the report", () => old.output().includes("takeover failed; this process goes on"));
  expect(await client.pid.get()).toBe(pid);
  const next = startServer(where, TAKEOVER);
  await listening(next);
  expect(await within("the end of the old server", old.ended)).toBe(0);
});

test("of two servers that take over at once, one does", async () => {
  const where = await deployment(await freePort());
  const old = startServer(where, TAKEOVER);
  await listening(old);
  const next = startServer(where, TAKEOVER, { FAIL_AT: "wait" });
  await until("the takeover", () => old.output().includes("a successor starts"));
  const late = startServer(where, TAKEOVER);
  expect(await within("the end of the late one", late.ended)).toBe(1);
  expect(late.output()).toContain("takeover: the running server has ended it; its log has the reason");
  expect(old.output()).toContain("takeover refused: another one is under way");
  writeFileSync(`${where.cwd}/go-on`, "");
  await listening(next);
  expect(await within("the end of the old server", old.ended)).toBe(0);
});

test("a server that is killed during a takeover has a successor, and no connection is refused meanwhile", async () => {
  const where = await deployment(await freePort());
  const old = startServer(where, TAKEOVER);
  await listening(old);
  const next = startServer(where, TAKEOVER, { FAIL_AT: "wait" });
  await until("the load of its handlers", () => existsSync(`${where.cwd}/loading`));
  old.child.kill("SIGKILL");
  await old.ended;
  const stop = knock(where);
  writeFileSync(`${where.cwd}/go-on`, "");
  await listening(next);
  const client = await clientOf(where);
  expect(await client.pid.get()).toBeGreaterThan(0);
  expect((await stop()).bad).toEqual([]);
  const last = startServer(where, TAKEOVER);
  await listening(last);
  expect(await within("the end of its predecessor", next.ended)).toBe(0);
});

test("a command that is killed while its server loads takes nothing over, and leaves no process", async () => {
  const where = await deployment(await freePort());
  const old = startServer(where, TAKEOVER);
  await listening(old);
  const next = startServer(where, TAKEOVER, { FAIL_AT: "wait" });
  await until("the load of its handlers", () => existsSync(`${where.cwd}/loading`));
  const pid = Number(readFileSync(`${where.cwd}/loading`, "utf8"));
  onTestFinished(() => {
    if (isAlive(pid)) process.kill(pid, "SIGKILL");
  });
  next.child.kill("SIGKILL");
  await until("the end of the command", () => !isAlive(next.child.pid as number));
  writeFileSync(`${where.cwd}/go-on`, "");
  await until("the end of its server", () => !isAlive(pid));
  const client = await clientOf(where);
  expect(await client.pid.get()).toBe(old.child.pid);
});

test.each([
  ["a server", [], 128 + 9],
  ["a server with several processes", ["--processes", "2"], 1],
] as const)("%s that hangs while it starts takes nothing over, and is killed", async (_, flags, status) => {
  const where = await deployment(await freePort());
  const old = startServer(where, TAKEOVER);
  await listening(old);
  const next = startServer(where, [...TAKEOVER, ...flags], { FAIL_AT: "hang" });
  expect(await within("its end", next.ended, 50_000)).toBe(status);
  expect(isAlive(Number(readFileSync(`${where.cwd}/loading`, "utf8")))).toBe(false);
  await until("the log", () => old.output().includes("takeover failed; this process goes on"));
  const client = await clientOf(where);
  expect(await client.pid.get()).toBe(old.child.pid);
});

test("the socket of a server that was killed does not hinder the next one", async () => {
  const where = await deployment(await freePort());
  const old = startServer(where, TAKEOVER);
  await listening(old);
  old.child.kill("SIGKILL");
  await old.ended;
  const [name] = readdirSync(`${where.cwd}/sshrpc`);
  expect(name).toBe(`127.0.0.1:${where.port}.sock`);
  const next = startServer(where, TAKEOVER);
  await listening(next);
  expect(statSync(`${where.cwd}/sshrpc`).mode & 0o777).toBe(0o700);
  expect(statSync(`${where.cwd}/sshrpc/${name}`).mode & 0o777).toBe(0o600);
});

test.each<[string, (directory: string) => void, RegExp]>([
  ["others may write to", (directory) => chmodSync(directory, 0o777), /other users may write to it; name another/],
  [
    "is another user's",
    (directory) => chownSync(directory, 65534, 65534),
    /owned by another user \(uid \d+\); name another/,
  ],
  [
    "is a file",
    (directory) => {
      rmSync(directory, { recursive: true });
      writeFileSync(directory, "");
    },
    /cannot create the directory \(EEXIST\); name another/,
  ],
  [
    "is too deep for a socket",
    (directory) => mkdirSync(`${directory}/${"deep/".repeat(20)}`, { recursive: true }),
    /the path of a socket in it is too long/,
  ],
])("a runtime directory that %s is refused", async (what, prepare, message) => {
  const where = await deployment(await freePort());
  const directory = `${where.cwd}/runtime`;
  mkdirSync(directory, { mode: 0o700 });
  prepare(directory);
  const named = what.includes("deep") ? `${directory}/${"deep/".repeat(20)}` : directory;
  const server = startServer(where, ["--takeover", "--runtime-directory", named]);
  expect(await within("the end", server.ended)).toBe(2);
  expect(server.output()).toMatch(message);
});

test("a runtime directory in /proc, which can have none, is refused", async () => {
  const server = startServer(await deployment(await freePort()), ["--takeover", "--runtime-directory", "/proc/x/y"]);
  expect(await within("the end", server.ended)).toBe(2);
  expect(server.output()).toContain("cannot create the directory (ENOENT); name another");
});

test.each([
  [["--takeover", "--port", "0"], "--takeover requires a port"],
  [["--processes", "257"], "--processes: use at most 256"],
  [["--processes", "2", "--ledger", "memory"], "--ledger cannot be used with --processes"],
  [["--takeover", "--ledger", "file:ledger"], "--ledger cannot be used with --takeover"],
])("%j is refused, also by --check", async (flags, message) => {
  const where = await deployment(await freePort());
  const server = startServer(where, flags);
  expect(await within("the end", server.ended)).toBe(2);
  expect(server.output()).toContain(message);
  const check = startServer(where, [...flags, "--check"]);
  expect(await within("the end", check.ended)).toBe(1);
  expect(check.output()).toContain(message);
});

test("without --takeover a second server on the port is refused, and two on one home share its files", async () => {
  const where = await deployment(await freePort());
  const first = startServer(where, ["--home", "home"]);
  const key = await listening(first);
  const second = startServer(where, ["--home", "home"]);
  expect(await within("the end", second.ended)).toBe(1);
  expect(second.output()).toContain("the port is in use");
  const other = startServer({ ...where, port: await freePort() }, ["--home", "home"]);
  expect(await listening(other)).toBe(key);
});

test("the server that takes over has the metrics of the old one's address", async () => {
  const where = await deployment(await freePort());
  const port = await freePort();
  const flags = [...TAKEOVER, "--metrics", `127.0.0.1:${port}`];
  const old = startServer(where, flags);
  await listening(old);
  const next = startServer(where, flags);
  await listening(next);
  await within("the end of the old server", old.ended);
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  expect(await answer.text()).toContain("sshrpc_");
});
