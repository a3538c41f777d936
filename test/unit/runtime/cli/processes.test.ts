import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import type { RpcError } from "sshrpc/generated";
import { expect, onTestFinished, test } from "vitest";
import { run } from "../../../../runtime/src/cli/main.js";
import { isAlive } from "../../../interop/run.js";
import { freePort } from "../ssh/support.js";
import { failure, until, within } from "../support/wait.js";
import {
  type AnyClient,
  clientOf,
  type Deployed,
  type Deployment,
  deployment,
  listening,
  startServer,
} from "./deployed.js";
import { BIN, sshrpc, TestIo } from "./run.js";

const TWO = ["--processes", "2", "--grace", "20s"];

/** Starts a server with two processes, and waits for both. */
async function startTwo(where: Deployment, flags: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const server = startServer(where, [...TWO, ...flags], env);
  await listening(server, 2);
  await until("both processes", () => server.output().split('"a process serves"').length > 2);
  return server;
}

/** Two clients, each of another process. */
async function clientsOfTwo(where: Deployment, options = {}): Promise<readonly [AnyClient, AnyClient]> {
  const clients = await Promise.all([clientOf(where, options), clientOf(where, options)]);
  const [first, second] = await Promise.all(clients.map((client) => client.pid.get()));
  expect(first).not.toBe(second);
  return clients as [AnyClient, AnyClient];
}

const callbacks = (name: string) => ({
  callbacks: {
    name: { get: () => name },
    count: {
      async *get({ count }: { count: number }) {
        for (let number = 0; number < count; number += 1) yield `${name} ${number}`;
      },
    },
  },
});

/** Calls a command of operators with the key of a deployment. */
async function operator({ cwd, port }: Deployment, command: string, ...args: readonly string[]) {
  const words = [command, `ssh://alice@127.0.0.1:${port}`, ...args, "--identity", "key", "--known-hosts", "known"];
  return sshrpc(words, { cwd });
}

function trust({ cwd, port }: Deployment, server: Deployed): void {
  const [, key] = /echo "\S+ ([^"]*)" >>/.exec(server.output()) ?? [];
  writeFileSync(`${cwd}/known`, `[127.0.0.1]:${port} ${key}\n`);
}

test("two processes share the connections and the host key, and end together", async () => {
  const where = await deployment(await freePort());
  const server = await startTwo(where);
  trust(where, server);
  const known = { knownHosts: `${where.cwd}/known`, hostKey: "strict" } as const;
  await clientsOfTwo(where, known);
  server.child.kill("SIGTERM");
  expect(await within("the end", server.ended)).toBe(0);
});

test("running calls of every process may finish at SIGTERM", async () => {
  const where = await deployment(await freePort());
  const server = await startTwo(where);
  const clients = await clientsOfTwo(where);
  const pids = await Promise.all(clients.map((client) => client.pid.get()));
  const calls = clients.map((client) => client.wait.get());
  await until("the calls", () => existsSync(`${where.cwd}/waiting`));
  await Promise.all(clients.map((client) => client.clients.get()));
  server.child.kill("SIGTERM");
  await until("the drain", () => server.output().split('"the server drains and ends"').length > 2);
  writeFileSync(`${where.cwd}/go`, "");
  expect(await Promise.all(calls)).toEqual(pids);
  expect(await within("the end", server.ended)).toBe(0);
});

test("handlers find the clients of all processes, and call them, also with streams", async () => {
  const where = await deployment(await freePort());
  await startTwo(where);
  const first = await clientOf(where, callbacks("first"));
  const second = await clientOf(where, callbacks("second"));
  const list = async (): Promise<readonly string[]> => first.clients.get();
  await within(
    "the lists",
    (async () => {
      while ((await list()).length < 2 || (await second.clients.get()).length < 2);
    })(),
  );
  expect(await first.clients.get()).toEqual(await second.clients.get());
  const ids = (await list()).map((text) => text.split(" ")[1] as string);
  for (const client of [first, second]) {
    const answers = await Promise.all(ids.map((id) => client.ask.get({ id }) as Promise<{ answer: string }>));
    expect(answers.map(({ answer }) => answer).sort()).toEqual(["first", "second"]);
    for (const id of ids) {
      const items: unknown[] = [];
      for await (const item of client.watch.get({ id, count: 100 })) items.push(item);
      expect(items).toHaveLength(100);
    }
  }
  await second.close();
  await within(
    "the end of the other client",
    (async () => {
      while ((await list()).length > 1);
    })(),
  );
});

test("the calls of a key count in all processes together", async () => {
  const where = await deployment(await freePort(), 'limits="calls=3"');
  await startTwo(where);
  const clients = await clientsOfTwo(where, { retries: 0 });
  const calls = [clients[0].wait.get(), clients[0].wait.get(), clients[1].wait.get()];
  const refused = async (): Promise<boolean> => {
    const error = await Promise.race([
      clients[1].wait.get().then(
        () => undefined,
        (reason: RpcError) => reason,
      ),
      pause(),
    ]);
    return (error as RpcError | undefined)?.status === "RESOURCE_EXHAUSTED";
  };
  await within(
    "a refusal",
    (async () => {
      while (!(await refused()));
    })(),
  );
  expect(await failure<RpcError>(clients[0].pid.get())).toMatchObject({ status: "RESOURCE_EXHAUSTED" });
  writeFileSync(`${where.cwd}/go`, "");
  await Promise.allSettled(calls);
  await within(
    "a call",
    clients[0].pid.get().catch(() => clients[0].pid.get()),
  );
});

/** A refusal comes within this time. */
const pause = () => new Promise<undefined>((resolve) => setTimeout(resolve, 200, undefined));

test("the connections of a key count in all processes together", async () => {
  const where = await deployment(await freePort(), 'limits="connections=2"');
  await startTwo(where);
  await clientsOfTwo(where);
  await within(
    "a refusal",
    (async () => {
      while (
        (await clientOf(where).then(
          () => undefined,
          (error: RpcError) => error,
        )) === undefined
      );
    })(),
  );
});

test("a process that crashes is replaced, and the calls of the other go on", async () => {
  const where = await deployment(await freePort());
  const server = await startTwo(where);
  const [first, second] = await clientsOfTwo(where, { retries: 0 });
  const pid = await first.pid.get();
  const call = second.wait.get();
  await until("the call", () => existsSync(`${where.cwd}/waiting`));
  expect(await failure<RpcError>(first.crash.get())).toMatchObject({ status: "UNAVAILABLE" });
  await until("another process", () => server.output().split('"a process serves"').length > 3);
  expect(server.output()).toContain("a process has ended; another one replaces it");
  writeFileSync(`${where.cwd}/go`, "");
  expect(await call).toBe(await second.pid.get());
  const third = await clientOf(where);
  expect([pid, await second.pid.get()]).not.toContain(await third.pid.get());
});

test("a process that dies at each start is started again after longer and longer times, while the other serves", async () => {
  const where = await deployment(await freePort());
  const server = await startTwo(where);
  const [first, second] = await clientsOfTwo(where, { retries: 0 });
  const handlers = readFileSync(`${where.cwd}/handlers.mjs`);
  writeFileSync(`${where.cwd}/handlers.mjs`, "process.exit(3)");
  await failure(first.crash.get());
  const delays = () => [...server.output().matchAll(/"delay":(\d+)/g)].map(([, delay]) => Number(delay));
  await until("four starts", () => delays().length >= 4);
  expect(delays().slice(0, 4)).toEqual([100, 200, 400, 800]);
  expect(await second.pid.get()).toBeGreaterThan(0);
  writeFileSync(`${where.cwd}/handlers.mjs`, handlers);
  await until("another process", () => server.output().split('"a process serves"').length > 3);
});

test.each([
  ["throw", { FAIL_AT: "start" }, /this version is broken/],
  ["end the process", { FAIL_AT: "exit" }, /^$/],
])("handlers that %s end the command once, before the port is open", async (_, env, text) => {
  const where = await deployment(await freePort());
  const server = startServer(where, TWO, env);
  expect(await within("the end", server.ended)).toBe(1);
  expect(server.output()).toMatch(text);
});

test("a port in use ends the command with its reason", async () => {
  const where = await deployment(await freePort());
  await listening(startServer(where));
  const server = startServer(where, TWO);
  expect(await within("the end", server.ended)).toBe(1);
  expect(server.output()).toMatch(/^sshrpc: cannot listen on \S+: the port is in use/m);
});

test("a removed key loses its connections in every process, and SIGHUP reloads all", async () => {
  const where = await deployment(await freePort());
  writeFileSync(`${where.cwd}/sshrpc.config.json`, '{ "serve": { "perKey": { "calls": 5 } } }');
  const server = await startTwo(where);
  const clients = await clientsOfTwo(where, { reconnect: false });
  writeFileSync(`${where.cwd}/sshrpc.config.json`, '{ "serve": { "perKey": { "calls": 6 } } }');
  server.child.kill("SIGHUP");
  await until("the reloads", () => server.output().split('"configuration reloaded"').length > 2);
  rmSync(`${where.cwd}/keys`);
  writeFileSync(`${where.cwd}/keys`, "");
  for (const client of clients)
    await within(
      "the end of the connection",
      (async () => {
        while ((await client.pid.get().catch(() => undefined)) !== undefined);
      })(),
    );
});

test("status, kick and metrics are of all processes", async () => {
  const where = await deployment(await freePort());
  const metrics = await freePort();
  const server = await startTwo(where, ["--metrics", `127.0.0.1:${metrics}`]);
  trust(where, server);
  const clients = await clientsOfTwo(where, { reconnect: false });
  const status = await operator(where, "status", "--json");
  expect(status).toMatchObject({ status: 0, stderr: "" });
  const { connections, processes, keys } = JSON.parse(status.stdout);
  expect(connections.open).toBe(3);
  expect(keys.rows).toMatchObject([{ connections: { held: 3 } }]);
  expect(processes.map(({ pid }: { pid: number }) => pid).sort()).toEqual(
    (await Promise.all(clients.map((client) => client.pid.get()))).sort(),
  );
  const text = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
  const total = [...text.matchAll(/^rpc_server_\S*count\{[^}]*GET \/pid[^}]*\} (\d+)/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
  expect(text).toContain("GET /pid");
  expect(total === 0 || total >= 4).toBe(true);
  for (const { id } of connections.rows.slice(0, 3)) await operator(where, "kick", id);
  for (const client of clients) await failure(client.pid.get());
  expect((await operator(where, "kick", "nobodyyy")).status).not.toBe(0);
});

test("a source that fails at one process is blocked at all", async () => {
  const where = await deployment(await freePort());
  writeFileSync(
    `${where.cwd}/sshrpc.config.json`,
    '{ "serve": { "exemptSources": [], "penalties": { "noAuth": 5000, "min": 12000 } } }',
  );
  await startTwo(where);
  const knock = (): Promise<string> =>
    new Promise((resolve) => {
      let text = "";
      const socket = connect(where.port, "127.0.0.1");
      socket.on("data", (chunk) => {
        text += chunk;
        socket.destroy();
      });
      socket.on("close", () => resolve(text));
    });
  await within(
    "the penalty",
    (async () => {
      while ((await knock()) !== "");
    })(),
  );
  // Whichever process gets them.
  for (let attempt = 0; attempt < 6; attempt += 1) expect(await knock()).toBe("");
});

test("a server with several processes takes over from another one, and is taken over", async () => {
  const where = await deployment(await freePort());
  const flags = [...TWO, "--takeover"];
  let current = startServer(where, flags);
  await listening(current, 2);
  const client = await clientOf(where);
  const pids = new Set([await client.pid.get()]);
  for (const next of [startServer.bind(undefined, where, flags), startServer.bind(undefined, where, ["--takeover"])]) {
    const server = next();
    await listening(server);
    expect(await within("the end of the old server", current.ended)).toBe(0);
    pids.add(await client.pid.get());
    current = server;
  }
  expect(pids.size).toBe(3);
});

test("a server that npx has started ends with npx, whose shell passes no signal on", async () => {
  const where = await deployment(await freePort());
  const args = ["serve", "--handlers", "handlers.mjs", "--authorized-keys", "keys", "--port", String(where.port)];
  // As npm starts a command: a shell, and these variables.
  const shell = spawn("/bin/sh", ["-c", `"$@"; exit $?`, "sh", process.execPath, BIN, ...args], {
    cwd: where.cwd,
    env: { PATH: process.env["PATH"], HOME: where.cwd, npm_command: "exec" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [shell.stdout, shell.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const closed = once(shell, "close");
  await until("the server", () => output.includes("listens on"));
  const client = await clientOf(where, { reconnect: false });
  const pid = await client.pid.get();
  onTestFinished(() => {
    if (isAlive(pid)) process.kill(pid, "SIGKILL");
  });
  shell.kill("SIGTERM");
  await until("the end", () => !isAlive(pid));
  // The pipe closes with the last process that has it.
  await within("the end of the output", closed);
  expect(output).toContain('"signal":"parent"');
});

test("without the primary process the others finish their calls, and end", async () => {
  const where = await deployment(await freePort());
  const server = await startTwo(where);
  const [first, second] = await clientsOfTwo(where, { retries: 0 });
  const pids = await Promise.all([first.pid.get(), second.pid.get()]);
  const call = first.wait.get();
  await until("the call", () => existsSync(`${where.cwd}/waiting`));
  server.child.kill("SIGKILL");
  await server.ended;
  await until("the drain", () => server.output().includes('"the server drains and ends"'));
  writeFileSync(`${where.cwd}/go`, "");
  expect(await call).toBe(pids[0]);
  await until("the end of all", () => !pids.some(isAlive));
});

test("without the primary process, one whose event loop hangs is killed", async () => {
  const where = await deployment(await freePort());
  const server = await startTwo(where);
  const [first, second] = await clientsOfTwo(where, { retries: 0, reconnect: false });
  const pids = await Promise.all([first.pid.get(), second.pid.get()]);
  const call = first.spin.get({ milliseconds: 1e9 }).catch((error: unknown) => error);
  await until("the endless loop", () => isSpinning(pids[0]));
  server.child.kill("SIGKILL");
  await until("the end of all", () => !pids.some(isAlive));
  expect(await within("the call", call)).toMatchObject({ status: "UNAVAILABLE" });
});

test.each([
  ["is killed when the grace is over", ["SIGTERM"], 0],
  ["is killed at a second signal", ["SIGTERM", "SIGTERM"], "SIGTERM"],
] as const)("a process whose event loop hangs %s", async (_, signals, status) => {
  const where = await deployment(await freePort());
  const server = await startTwo(where, ["--grace", "0"]);
  const [first, second] = await clientsOfTwo(where, { retries: 0, reconnect: false });
  const pids = await Promise.all([first.pid.get(), second.pid.get()]);
  // The test waits for it after the end of the processes, which has its own bound.
  const call = first.spin.get({ milliseconds: 1e9 }).catch((error: unknown) => error);
  await until("the endless loop", () => isSpinning(pids[0]));
  for (const signal of signals) {
    const before = server.output().length;
    server.child.kill(signal);
    if (signals.length > 1)
      await until("the drain", () => server.output().length > before || !isAlive(server.child.pid as number));
  }
  expect(await within("the end", server.ended)).toBe(status);
  await until("the end of all", () => !pids.some(isAlive));
  expect(await within("the call", call)).toMatchObject({ status: "UNAVAILABLE" });
});

test("with the watchdog of systemd, a process whose event loop hangs is replaced while the other serves", async () => {
  const where = await deployment(await freePort());
  const server = await startTwo(where, [], { NOTIFY_SOCKET: `${where.cwd}/notify`, WATCHDOG_USEC: "4000000" });
  const [first, second] = await clientsOfTwo(where, { retries: 0 });
  const [pid, other] = await Promise.all([first.pid.get(), second.pid.get()]);
  // The test waits for it after the end of the processes, which has its own bound.
  const call = first.spin.get({ milliseconds: 1e9 }).catch((error: unknown) => error);
  await until("another process", () => server.output().split('"a process serves"').length > 3);
  expect(server.output()).toContain(`"child":${pid},"msg":"a process does not answer, and is killed"`);
  expect(await within("the call", call)).toMatchObject({ status: "UNAVAILABLE" });
  expect(await second.pid.get()).toBe(other);
  expect(await first.pid.get()).not.toBe(pid);
});

test("a process that still loads its handlers does not delay the end", async () => {
  const where = await deployment(await freePort());
  const server = await startTwo(where);
  const client = await clientOf(where, { retries: 0 });
  writeFileSync(
    `${where.cwd}/handlers.mjs`,
    `console.error("it loads"); await new Promise((resolve) => setTimeout(resolve, 1e9));`,
  );
  await failure(client.crash.get());
  await until("the load", () => server.output().includes("it loads"));
  server.child.kill("SIGTERM");
  expect(await within("the end", server.ended)).toBe(0);
  expect(server.output()).not.toContain("not loaded within");
});

/** Whether a process computes: its main thread runs, and has used the CPU for seconds (proc(5)). */
function isSpinning(pid: number): boolean {
  const [state, ...fields] = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
  return state === "R" && Number(fields[10]) > 300;
}

test("the log says why the first process could not be started", async () => {
  const { cwd } = await deployment(0);
  const flags = ["--handlers", "handlers.mjs", "--authorized-keys", "keys", "--port", "0"];
  const io = new TestIo(cwd, { execPath: "/missing/node" });
  expect(await run(["serve", ...flags, ...TWO], io)).toBe(1);
  expect(io.stderr.text).toMatch(/"status":"ENOENT".*"the first process has ended before it served"/);
});

test("the log says that the first process was killed before it served", async () => {
  const server = startServer(await deployment(await freePort()), TWO, { FAIL_AT: "kill" });
  expect(await within("the end", server.ended)).toBe(1);
  expect(server.output()).toMatch(/"status":"SIGKILL".*"the first process has ended before it served"/);
});
