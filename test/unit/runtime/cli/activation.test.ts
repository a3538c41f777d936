import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { userInfo } from "node:os";
import { fileURLToPath } from "node:url";
import { generateKeyPair } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { run } from "../../../interop/run.js";
import { itWith } from "../../../interop/stock.js";
import { freePort } from "../ssh/support.js";
import { until, within } from "../support/wait.js";
import { clientOf, type Deployment, deployment } from "./deployed.js";
import { BIN, tempDir } from "./run.js";

const UNITS = fileURLToPath(new URL("../../../../runtime/deploy/systemd", import.meta.url));

interface Activated {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

interface Activation {
  /** The descriptors from 3 on. */
  readonly descriptors: readonly (number | "pipe")[];
  readonly names?: string;
  /** Default: the number of descriptors. */
  readonly count?: string;
  /** Default: that of the server. */
  readonly pid?: string;
  readonly flags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** Starts a server as systemd does: with inherited descriptors, and their names in the environment. */
function activate({ cwd, port }: Deployment, activation: Activation): Activated {
  const { descriptors, names, count = String(descriptors.length), pid = "$$", flags = [], env = {} } = activation;
  // Only the process itself knows its number before it starts.
  const script = `LISTEN_PID=${pid} exec "$@"`;
  const args = ["serve", "--handlers", "handlers.mjs", "--authorized-keys", "keys", "--port", String(port), ...flags];
  const child = spawn("/bin/sh", ["-c", script, "sh", process.execPath, BIN, ...args], {
    cwd,
    env: {
      ...{
        PATH: process.env["PATH"],
        HOME: cwd,
        LISTEN_FDS: count,
        ...(names !== undefined && { LISTEN_FDNAMES: names }),
      },
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe", ...descriptors],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const ended = once(child, "exit").then(([status]) => status as number | null);
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return { child, output: () => output, ended };
}

/** A socket that listens, as systemd has it: this process never accepts. */
async function listeningSocket(
  host = "127.0.0.1",
): Promise<{ readonly fd: number; readonly port: number; readonly server: Server }> {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, host);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  return { fd: fdOf(server), port, server };
}

const fdOf = (socket: object): number => (socket as { _handle: { fd: number } })._handle.fd;

/** The parent accepts nothing while it holds a socket only for its child: it closes its own descriptor once the child runs. */
async function serves(where: Deployment, { server }: { readonly server: Server }, activated: Activated): Promise<void> {
  await until("the server", () => activated.output().includes('"the server listens"'));
  server.close();
  const client = await clientOf(where);
  expect(await client.pid.get()).toBeGreaterThan(0);
}

test("a server takes the socket that it inherits, in place of its own port, and leaves it open for the next one", async () => {
  const socket = await listeningSocket();
  const where = { ...(await deployment(await freePort())) };
  const activated = activate(where, { descriptors: [socket.fd], names: "sshrpc.socket" });
  await serves({ ...where, port: socket.port }, socket, activated);
  activated.child.kill("SIGTERM");
  expect(await within("the end", activated.ended)).toBe(0);
});

test("several sockets serve one server, and one that is named metrics serves these", async () => {
  const [ssh, other, metrics] = [await listeningSocket(), await listeningSocket("::1"), await listeningSocket()];
  const where = await deployment(await freePort());
  const activated = activate(where, { descriptors: [ssh.fd, metrics.fd, other.fd], names: "ssh:metrics:ssh" });
  await serves({ ...where, port: ssh.port }, ssh, activated);
  metrics.server.close();
  other.server.close();
  expect(await (await fetch(`http://127.0.0.1:${metrics.port}/metrics`)).text()).toContain("rpc_");
  await until("the other address", () => activated.child.exitCode === null);
});

test("the descriptors of another process are not touched", async () => {
  const socket = await listeningSocket();
  const where = await deployment(await freePort());
  const activated = activate(where, { descriptors: [socket.fd], pid: "1" });
  await until("the server", () => activated.output().includes(`"address":"127.0.0.1:${where.port}"`));
});

test("processes share an inherited socket", async () => {
  const socket = await listeningSocket();
  const where = await deployment(await freePort());
  const activated = activate(where, { descriptors: [socket.fd], flags: ["--processes", "2"] });
  await serves({ ...where, port: socket.port }, socket, activated);
});

/** Descriptors that no server can accept connections from. */
const WRONG: Readonly<Record<string, () => Promise<number | "pipe">>> = {
  "a file": async () => {
    const fd = openSync(`${tempDir()}/file`, "w");
    onTestFinished(() => closeSync(fd));
    return fd;
  },
  "a UDP socket": async () => {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    onTestFinished(() => void socket.close());
    const state = Object.getOwnPropertySymbols(socket)
      .map((symbol) => (socket as unknown as Record<symbol, unknown>)[symbol])
      .find((value) => (value as { handle?: { fd?: number } } | undefined)?.handle?.fd !== undefined);
    return (state as { handle: { fd: number } }).handle.fd;
  },
  "a Unix socket": async () => {
    const server = createServer().listen(`${tempDir()}/socket`);
    await once(server, "listening");
    onTestFinished(() => void server.close());
    return fdOf(server);
  },
  "a TCP socket that does not listen": async () => {
    const { server, port } = await listeningSocket();
    const accepted = once(server, "connection");
    const { connect } = await import("node:net");
    const socket = connect(port, "127.0.0.1");
    const [other] = (await accepted) as [{ destroy(): void }];
    onTestFinished(() => {
      socket.destroy();
      other.destroy();
    });
    return fdOf(socket);
  },
};

test.each(Object.entries(WRONG))("%s is refused by its name", async (kind, make) => {
  const where = await deployment(await freePort());
  const activated = activate(where, { descriptors: [await make()], names: "mine" });
  expect(await within("the end", activated.ended)).toBe(2);
  expect(activated.output()).toContain(
    `sshrpc: LISTEN_FDS: descriptor 3 (mine) is ${kind}; pass TCP sockets that listen`,
  );
});

test.each<[string, Partial<Activation>, string]>([
  ["that is not open", { count: "1" }, "descriptor 3 is not open"],
  ["count that is not a number", { count: "many" }, "LISTEN_FDS=many: not a number of descriptors"],
  ["count that is too large", { count: "1000" }, "LISTEN_FDS=1000: not a number of descriptors from 0 to 64"],
])("a descriptor %s is an error", async (_, activation, message) => {
  const where = await deployment(await freePort());
  const activated = activate(where, { descriptors: [], ...activation });
  expect(await within("the end", activated.ended)).toBe(2);
  expect(activated.output()).toContain(message);
});

test.each([
  ["--takeover", ["--takeover"], "ssh", "--takeover cannot be used with LISTEN_FDS"],
  ["metrics alone", [], "metrics", "every socket is named metrics"],
])("inherited sockets exclude %s", async (_, flags, names, message) => {
  const socket = await listeningSocket();
  const where = await deployment(await freePort());
  const activated = activate(where, { descriptors: [socket.fd], names, flags });
  expect(await within("the end", activated.ended)).toBe(2);
  expect(activated.output()).toContain(message);
});

/** Prints the messages that systemd would get. */
const RECEIVER = `import socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print("bound", flush=True)
while True:
    data, ancillary, flags, address = receiver.recvmsg(4096, 4096)
    print(repr(data.decode()), flush=True)
`;

itWith(
  ["systemd-notify", "python3"],
  "systemd learns that the server is ready, that it is alive, and that it drains",
  async () => {
    const where = await deployment(await freePort());
    writeFileSync(`${where.cwd}/receiver.py`, RECEIVER);
    const path = `${where.cwd}/notify`;
    const receiver = spawn("python3", ["receiver.py", path], { cwd: where.cwd });
    const gone = once(receiver, "exit");
    onTestFinished(async () => {
      receiver.kill("SIGKILL");
      await gone;
    });
    let received = "";
    receiver.stdout.setEncoding("utf8").on("data", (text: string) => {
      received += text;
    });
    await until("the receiver", () => received.includes("bound"));
    const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: "200000" };
    const activated = activate(where, { descriptors: [], count: "", env });
    await until("the message", () => /READY=1/.test(received));
    expect(activated.output()).toContain('"the server listens"');
    await until("two signs of the watchdog", () => received.split("WATCHDOG=1").length > 2);
    activated.child.kill("SIGTERM");
    await until("the end", () => /STOPPING=1/.test(received));
    expect(await within("the end", activated.ended)).toBe(0);
  },
);

test("without systemd-notify the log says why systemd waits", async () => {
  const where = await deployment(await freePort());
  const activated = activate(where, { descriptors: [], count: "", env: { NOTIFY_SOCKET: "/run/x", PATH: "/nowhere" } });
  await until("the line", () =>
    activated.output().includes("cannot run systemd-notify: systemd does not learn that the server is ready"),
  );
});

test("lines for journald have their priority in front", async () => {
  const where = await deployment(await freePort());
  const file = `${where.cwd}/journal`;
  const fd = openSync(file, "a");
  const { dev, ino } = await import("node:fs").then(({ fstatSync }) => fstatSync(fd));
  const child = spawn(process.execPath, [BIN, "serve", "--handlers", "handlers.mjs", "--port", "0"], {
    cwd: where.cwd,
    env: { PATH: process.env["PATH"], HOME: where.cwd, JOURNAL_STREAM: `${dev}:${ino}` },
    stdio: ["ignore", "ignore", fd],
  });
  closeSync(fd);
  const ended = once(child, "exit");
  await until("the lines", () => readFileSync(file, "utf8").includes("the server listens"));
  child.kill("SIGTERM");
  await ended;
  const lines = readFileSync(file, "utf8").trim().split("\n");
  expect(lines.find((line) => line.includes("the server listens"))).toMatch(/^<6>\{"level":"info"/);
  expect(lines.find((line) => line.includes("no authorized keys"))).toMatch(/^<4>\{"level":"warn"/);
});

/** A directory that this user cannot use, and what a server says that has its files there. */
const VOLUMES: readonly (readonly [string, string, readonly string[], RegExp])[] = [
  [
    "a home of another user",
    "chown 0:0 volume; chmod 0700 volume",
    ["--home", "volume"],
    /^sshrpc: cannot create host key volume\/ssh_host_ed25519_key: EACCES/,
  ],
  [
    "a host key of another user",
    "cp host volume/ssh_host_ed25519_key; chmod 0600 volume/ssh_host_ed25519_key",
    ["--home", "volume"],
    /^sshrpc: host key volume\/ssh_host_ed25519_key is not readable by this user: check its owner and permissions/,
  ],
  [
    "a read-only home without a host key",
    "mount --bind volume volume; mount -o remount,bind,ro volume",
    ["--home", "volume"],
    /^sshrpc: cannot create host key volume\/ssh_host_ed25519_key: EROFS/,
  ],
  [
    "a read-only folder of logs",
    "mount --bind volume volume; mount -o remount,bind,ro volume",
    ["--home", "home", "--log", "volume/server.log"],
    /^sshrpc: the log cannot be written: .*EROFS/,
  ],
  [
    "a read-only folder of audit logs",
    "mount --bind volume volume; mount -o remount,bind,ro volume",
    ["--home", "home", "--audit", "volume/audit.log"],
    /^sshrpc: the audit log cannot be written: .*EROFS/,
  ],
];

// Only root can become another user, and mount.
test.runIf(userInfo().uid === 0).each(VOLUMES)(
  "%s ends the command with the file and the reason",
  async (_, prepare, flags, message) => {
    const where = await deployment(await freePort());
    const { privateKey } = generateKeyPair();
    writeFileSync(`${where.cwd}/host`, privateKey);
    const words = [
      process.execPath,
      BIN,
      "serve",
      "--handlers",
      "handlers.mjs",
      "--port",
      String(where.port),
      ...flags,
    ];
    const script = `cd "$0" && chmod 0755 . && mkdir -m 0777 volume home && { ${prepare}; } && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"`;
    const { status, stderr } = await run("unshare", ["--mount", "sh", "-c", script, where.cwd, ...words], "", {
      PATH: process.env["PATH"],
      HOME: where.cwd,
    });
    expect(stderr).toMatch(message);
    expect(status).not.toBe(0);
  },
);

/** The units, with programs and directories of this machine. */
function installedUnits(): string {
  const unit = readFileSync(`${UNITS}/sshrpc.service`, "utf8");
  return tempDir({
    "sshrpc.service": unit.replace("/srv/sshrpc/node_modules/.bin/sshrpc", BIN).replace("/srv/sshrpc", "/tmp"),
    "sshrpc.socket": readFileSync(`${UNITS}/sshrpc.socket`, "utf8"),
  });
}

itWith(["systemd-analyze"], "systemd finds no fault in the units, and little exposure", () => {
  const cwd = installedUnits();
  const analyze = (...args: readonly string[]) =>
    execFileSync("systemd-analyze", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  expect(analyze("verify", "./sshrpc.service", "./sshrpc.socket")).toBe("");
  const report = analyze("security", "--offline=true", "--no-pager", "./sshrpc.service");
  expect(Number(/Overall exposure level for sshrpc.service: ([\d.]+)/.exec(report)?.[1])).toBeLessThanOrEqual(2.5);
});

itWith(["logrotate"], "logrotate moves the files, and the server creates them again", async () => {
  const where = await deployment(await freePort());
  const rules = readFileSync(`${UNITS}/../logrotate/sshrpc`, "utf8");
  const { username } = (await import("node:os")).userInfo();
  const group = execFileSync("id", ["-gn"], { encoding: "utf8" }).trim();
  writeFileSync(
    `${where.cwd}/rules`,
    rules.replace("/var/log/sshrpc/", `${where.cwd}/`).replace("su sshrpc sshrpc", `su ${username} ${group}`),
  );
  const activated = activate(where, {
    descriptors: [],
    count: "",
    flags: ["--log", "server.log", "--audit", "audit.log"],
  });
  await until("the server", () => activated.output().includes("listens on"));
  await clientOf(where);
  execFileSync("logrotate", ["--force", "--state", "state", "rules"], { cwd: where.cwd });
  const exists = (name: string) =>
    execFileSync("sh", ["-c", `ls ${name}* 2>/dev/null | wc -l`], { cwd: where.cwd, encoding: "utf8" }).trim();
  await until("the new files", () => exists("server.log") === "2" && exists("audit.log") === "2");
});
