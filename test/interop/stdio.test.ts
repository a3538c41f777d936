import { spawn, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import type { RpcError } from "sshrpc/client";
import { expect, onTestFinished } from "vitest";
import { connect as connectNotes } from "../../generated/client.js";
import { bundle } from "../support/bundle.js";
import { makeKey, tempDir, write } from "../unit/runtime/ssh/support.js";
import { failure, until, within } from "../unit/runtime/support/wait.js";
import { isAlive, run } from "./run.js";
import { SSHD, sshOptions, USER } from "./sshd.js";
import { startStdioSshd } from "./stdio-sshd.js";
import { itWith } from "./stock.js";

const BIN = fileURLToPath(new URL("../../runtime/bin/sshrpc.js", import.meta.url));
const HANDLERS = fileURLToPath(new URL("./stdio-handlers.ts", import.meta.url));
const STOCK = ["ssh", SSHD];

/** Timeout in ms for tests that start many processes. */
const SLOW = 60_000;

/** A key with a forced command, as in the documents. */
const forced = (flags: string) => (serve: (flags: string) => string) => ({
  config: ["ExposeAuthInfo yes", "Subsystem sshrpc sshrpc"],
  authorizedKeys: (line: string) => [`restrict,command="${serve(flags)}" ${line} alice@laptop`],
});

/** A subsystem that runs a script, from a file because of the quoting in sshd_config. */
const script = (text: string) => ({ config: [`Subsystem sshrpc sh ${write(tempDir(), "subsystem", text)}`] });

itWith(
  STOCK,
  "a subsystem takes the peer from the variables of sshd, and the scopes from its command line",
  async () => {
    const sshd = await startStdioSshd((serve) => ({
      config: ["ExposeAuthInfo yes", `Subsystem sshrpc ${serve("--scopes items:\\*,secret:read")}`],
    }));
    for (const client of [await sshd.overOpenssh(), await sshd.overSsh2()]) {
      expect(await client.headers.get()).toEqual([
        { name: "user", values: [USER] },
        { name: "fingerprint", values: [sshd.key.publicKey.fingerprint] },
        { name: "address", values: [expect.stringMatching(/^127\.0\.0\.1:\d+$/)] },
        { name: "scopes", values: ["items:*", "secret:read"] },
        { name: "authMethods", values: ["publickey"] },
        { name: "certificate", values: [] },
      ]);
      expect(await client.secret.get()).toBe("42");
    }
  },
);

itWith(
  STOCK,
  "the examples of sshd_config and authorized_keys work unchanged",
  async () => {
    const handlers = join(tempDir(), "server.mjs");
    await bundle(fileURLToPath(new URL("../../examples/server.ts", import.meta.url)), handlers);
    const shown = (name: string): string[] =>
      readFileSync(new URL(`../../examples/sshd/${name}`, import.meta.url), "utf8")
        .replaceAll("/usr/bin/sshrpc", `${process.execPath} ${BIN}`)
        .replaceAll("/srv/notes/server.js", handlers)
        .replace(".sshrpc/notes.log", join(tempDir(), "notes.log"))
        .split("\n");
    const [alice, bob] = [makeKey(tempDir(), "alice"), makeKey(tempDir(), "bob")];
    const sshd = await startStdioSshd(() => ({
      config: shown("sshd_config"),
      authorizedKeys: (line) => [
        line,
        ...shown("authorized_keys").map((text) =>
          text.replace("ssh-ed25519 AAAA", alice.line).replace("ssh-ed25519 BBBB", bob.line),
        ),
      ],
    }));
    const { address, key, knownHosts } = sshd;
    const store = async (identity: string) => {
      const options = { transport: "openssh", identity, knownHosts, agent: false, sshConfig: false } as const;
      await using client = await connectNotes(address, options);
      return await client.notes.store({ text: "hi" });
    };
    expect(await failure(store(key.file))).toMatchObject({
      message: expect.stringContaining("missing scope notes:write (this key has notes:read)"),
    });
    for (const { file } of [alice, bob]) {
      expect(await store(file)).toMatchObject({ id: 1, text: "hi" });
      const ssh = sshOptions({ knownHosts, identity: file, port: sshd.port });
      expect(await run("ssh", [...ssh, `${USER}@127.0.0.1`, "GET", "/notes"])).toMatchObject({
        status: 0,
        stdout: "[]\n",
      });
    }
  },
  SLOW,
);

itWith(STOCK, "without scopes and without an exposed key, a caller may call methods without a scope", async () => {
  const sshd = await startStdioSshd((serve) => ({ config: [`Subsystem sshrpc ${serve("")}`] }));
  const client = await sshd.overOpenssh();
  expect(await client.headers.get()).toContainEqual({ name: "fingerprint", values: [""] });
  expect(await failure(client.item.delete({ id: 1 }))).toMatchObject({ status: "FORBIDDEN" });
});

itWith(STOCK, "output of handlers and login shells does not corrupt the connection", async () => {
  const sshd = await startStdioSshd((serve) =>
    script(`echo Welcome; echo Loud >&2; head -c 60000 /dev/zero | tr '\\0' '#'; ${serve("")}`),
  );
  for (const client of [await sshd.overOpenssh(), await sshd.overSsh2()]) {
    for (let call = 0; call < 3; call++) expect(await client.empty.get()).toEqual({});
  }
});

itWith(STOCK, "10 MB of other output in place of a server fails, quoting its first bytes", async () => {
  const sshd = await startStdioSshd(() => script("yes 'This is another program' | head -c 10000000; sleep 60"));
  for (const connect of [sshd.overOpenssh, sshd.overSsh2]) {
    expect(await failure(connect())).toMatchObject({
      status: "UNAVAILABLE",
      message: expect.stringMatching(/no sshrpc preamble in the first 65536 bytes.*This is another program/),
    });
  }
});

itWith(STOCK, "a short message in place of a server is quoted in the error", async () => {
  const sshd = await startStdioSshd(() => script("echo This account is not available; exit 1"));
  for (const connect of [sshd.overOpenssh, sshd.overSsh2]) {
    expect(await failure(connect())).toMatchObject({
      status: "UNAVAILABLE",
      message: expect.stringContaining("This account is not available"),
    });
  }
});

itWith(STOCK, "scopes that a shell has expanded to file names are named at the client, without the names", async () => {
  const sshd = await startStdioSshd((serve) => ({ config: [`Subsystem sshrpc cd / && ${serve("--scopes *")}`] }));
  for (const connect of [sshd.overOpenssh, sshd.overSsh2]) {
    expect(await failure(connect())).toMatchObject({
      status: "UNAVAILABLE",
      message: expect.stringMatching(/^(?!.*usr).*quote the scopes in sshd_config or authorized_keys: --scopes '\*'$/),
    });
  }
});

/** A directory for ChrootDirectory, owned by root up to the root: the shell of {@link USER} is there, but not node. */
function makeChroot(): string {
  const directory = mkdtempSync("/var/sshrpc-chroot-");
  onTestFinished(() => rmSync(directory, { recursive: true }));
  chmodSync(directory, 0o755);
  const shell = userInfo().shell ?? "/bin/sh";
  const libraries = spawnSync("ldd", [shell], { encoding: "utf8" }).stdout.match(/\/\S+/g) ?? [];
  for (const file of [shell, ...libraries]) {
    mkdirSync(dirname(directory + file), { recursive: true, mode: 0o755 });
    copyFileSync(file, directory + file);
  }
  return directory;
}

const isRoot = process.getuid?.() === 0;
const SERVE = "Subsystem sshrpc sshrpc serve --stdio";

/** Settings of sshd under which no server starts, and what the client reads of each. */
const FAILURES: Readonly<Record<string, readonly [config: () => readonly string[], message: RegExp]>> = {
  "a program that does not exist": [
    () => ["Subsystem sshrpc /nonexistent/sshrpc serve"],
    /status 127 .*names a program that does not exist there: check its path/,
  ],
  "a program that serves nothing": [() => ["Subsystem sshrpc true"], /status 0 .*is not `sshrpc serve --stdio`/],
  "an invalid flag": [
    () => [`Subsystem sshrpc ${process.execPath} ${BIN} serve --stdio --handlers x --scops y`],
    /status 2 .*has an invalid flag/,
  ],
  "no --handlers": [() => [`Subsystem sshrpc ${process.execPath} ${BIN} serve --stdio`], /status 2 .*lacks --handlers/],
  "a forced internal-sftp": [
    () => [SERVE, "ForceCommand internal-sftp"],
    /an SFTP server.*: remove ForceCommand internal-sftp for this user, and name `sshrpc serve --stdio`/,
  ],
  "a pattern that the shell rejects": [
    () => [`Subsystem sshrpc bash -O failglob ${write(tempDir(), "subsystem", "true --scopes nothing:*")}`],
    /status 1 .*quote each \* in --scopes/,
  ],
  // Only root can chroot.
  ...(isRoot && {
    "a chroot without node": [() => [SERVE, `ChrootDirectory ${makeChroot()}`], /status 127 .*in a ChrootDirectory/],
    "a chroot that does not exist": [
      () => [SERVE, "ChrootDirectory /nonexistent"],
      /status 255 .*check ChrootDirectory, and see the log of sshd/,
    ],
  }),
};

for (const [title, [config, message]] of Object.entries(FAILURES)) {
  itWith(
    STOCK,
    `under sshd, ${title} is named at both clients, with what to do`,
    async () => {
      const sshd = await startStdioSshd(() => ({ config: config() }), "unused");
      for (const connect of [() => sshd.overOpenssh({ connectTimeout: 15_000 }), sshd.overSsh2]) {
        expect(await failure(connect())).toMatchObject({
          status: "UNAVAILABLE",
          message: expect.stringMatching(message),
        });
      }
    },
    SLOW,
  );
}

const UNUSABLE = "the server could not start; --handlers: the file does not exist or cannot be loaded";

itWith(STOCK, "a missing handlers file is named at both clients, without its path, which is in the log", async () => {
  const sshd = await startStdioSshd(undefined, "/nowhere/handlers.js");
  for (const connect of [sshd.overOpenssh, sshd.overSsh2]) {
    const { status, message } = await failure<RpcError>(connect());
    expect([status, message]).toEqual([
      "UNAVAILABLE",
      expect.stringMatching(new RegExp(`${UNUSABLE}; the reason is in its log$`)),
    ]);
  }
  expect(readFileSync(sshd.serverLog, "utf8")).toContain("/nowhere/handlers.js: no such file");
});

/** A directory with a `logger` that adds its tag and its input to a file, and that file. */
function makeSyslog(): { readonly path: string; readonly entries: () => string } {
  const path = tempDir();
  write(path, "logger", `#!/bin/sh\nwhile read -r line; do echo "$2: $line" >> ${path}/entries; done\n`, 0o700);
  return { path, entries: () => (existsSync(`${path}/entries`) ? readFileSync(`${path}/entries`, "utf8") : "") };
}

itWith(
  STOCK,
  "without --log, errors of a forced command and of a subsystem go to syslog, and the caller does not see them",
  async () => {
    const syslog = makeSyslog();
    const withoutLog = (command: string) => `PATH=${syslog.path}:$PATH ${command.replace(/--log \S+/, "")}`;
    const sshd = await startStdioSshd(
      (serve) => ({
        config: [`Subsystem sshrpc sh ${write(tempDir(), "subsystem", withoutLog(serve("")))}`],
        authorizedKeys: (line) => [line],
      }),
      "/secret/handlers.js",
    );
    for (const connect of [sshd.overOpenssh, sshd.overSsh2]) {
      expect((await failure<RpcError>(connect())).message).toMatch(
        /the reason is in the syslog of the server; --log FILE sets/,
      );
    }
    const entry = "sshrpc: the server could not start: .*: --handlers /secret/handlers.js: no such file or folder\n";
    await until("the entries", () => new RegExp(`^(${entry}){2}$`).test(syslog.entries()));

    const forced = makeSyslog();
    const other = await startStdioSshd(
      (serve) => ({
        authorizedKeys: (line) => [
          `restrict,command="PATH=${forced.path}:$PATH ${serve("").replace(/--log \S+/, "--log /proc/x")}" ${line}`,
        ],
      }),
      "/secret/handlers.js",
    );
    const { status, stdout, stderr } = await other.ssh(["GET", "/empty"]);
    expect([status, stdout]).toEqual([5, ""]);
    expect(JSON.parse(stderr)).toEqual({
      status: "UNAVAILABLE",
      code: 503,
      message:
        "the server could not start; --log: the file cannot be written; " +
        "the reason is in the syslog of the server; --log FILE sets a log file",
    });
    await until("the entry", () => forced.entries().includes("--log /proc/x: cannot be written (ENOENT)"));
  },
  SLOW,
);

itWith(
  STOCK,
  "a key with a forced command reaches only the server, with our client and with stock ssh",
  async () => {
    const sshd = await startStdioSshd(forced("--scopes items:*"));
    expect(await (await sshd.overOpenssh()).headers.get()).toContainEqual({ name: "scopes", values: ["items:*"] });
    expect(await (await sshd.overSsh2()).item.get({ id: 3 })).toEqual({ id: 3 });
    // As a command, without a Subsystem line in sshd_config.
    expect(await (await sshd.overOpenssh({ command: "sshrpc" })).item.get({ id: 4 })).toEqual({ id: 4 });
    expect(await sshd.ssh(["GET", "/items/5"])).toEqual({ status: 0, stdout: '{"id":5}\n', stderr: "" });
    const refused = await sshd.ssh(["GET", "/secret"]);
    expect(refused).toMatchObject({ status: 4, stdout: "" });
    expect(JSON.parse(refused.stderr)).toMatchObject({ status: "FORBIDDEN" });
    expect(await sshd.ssh(["cat", "/etc/passwd"])).toMatchObject({ status: 4, stdout: "" });
  },
  SLOW,
);

itWith(
  STOCK,
  "ssh -T without a command gets a shell behind a command with --forced, and our clients the native wire",
  async () => {
    const sshd = await startStdioSshd(forced("--forced --scopes items:*"));
    expect(await sshd.ssh(["-T"], "GET /items/5\n\nGET /nowhere\nGET /items/6\nexit\nGET /items/7\n")).toEqual({
      status: 0,
      stdout: '{"id":5}\n{"id":6}\n',
      stderr: expect.stringMatching(/^\{"status":"NOT_FOUND".*\}\n$/),
    });
    expect(await sshd.ssh(["-T"])).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(await (await sshd.overOpenssh()).item.get({ id: 3 })).toEqual({ id: 3 });
    expect(await (await sshd.overSsh2()).item.get({ id: 3 })).toEqual({ id: 3 });
    expect(await (await sshd.overOpenssh({ command: "sshrpc" })).item.get({ id: 4 })).toEqual({ id: 4 });
    expect((await sshd.ssh(["GET", "/items/5"])).stdout).toBe('{"id":5}\n');
  },
  SLOW,
);

itWith(
  STOCK,
  "stock ssh streams in both directions through a forced command",
  async () => {
    const sshd = await startStdioSshd(forced("--scopes items:*"));
    const down = `'{"name":"down","sizes":[3,0,2]}'`;
    expect(await sshd.ssh(["GET", "/bytes", down])).toMatchObject({ status: 0, stdout: "xxxxx" });
    expect((await sshd.ssh(["GET", "/run", down])).stdout).toBe('{"text":"xxx"}\n{"text":""}\n{"text":"xx"}\n');
    const bytes = "0123456789".repeat(300_000);
    const up = await sshd.ssh(["STORE", "/bytes", "name=up"], bytes);
    expect(JSON.parse(up.stdout)).toMatchObject({ bytes: bytes.length });
    const echo = await sshd.ssh(["UPDATE", "/run", `'{"name":"echo","echo":true}'`], '{"text":"a"}\n{"text":"b"}\n');
    expect(echo.stdout).toBe('{"text":"a"}\n{"text":"b"}\n');
  },
  SLOW,
);

itWith(STOCK, "output of handlers and the server's log never reach the caller of a command", async () => {
  const sshd = await startStdioSshd(forced(""));
  expect(await sshd.ssh(["GET", "/empty"])).toEqual({ status: 0, stdout: "{}\n", stderr: "" });
  expect(readFileSync(sshd.serverLog, "utf8")).toContain("printed by a handler");
});

itWith(["ssh", SSHD, "expect"], "ssh -t reaches the shell through a forced command", async () => {
  const sshd = await startStdioSshd((serve) => ({
    authorizedKeys: (line) => [`restrict,pty,command="${serve("")}" ${line}`],
  }));
  const script = [
    `spawn ssh ${sshd.options.join(" ")} -t ${USER}@127.0.0.1`,
    'expect "conformance>"',
    'send "GET /items/6\\r"',
    "expect -re {id.*6}",
    'expect "conformance>"',
    'send "exit\\r"',
    "expect eof",
    "puts [lindex [wait] 3]",
  ];
  const { stdout, status } = await run("expect", ["-c", `set timeout 40; ${script.join("; ")}`]);
  expect(status).toBe(0);
  expect(stdout.trim().split("\n").at(-1)).toBe("0");
});

itWith(["ssh", SSHD], "a terminal of unknown size has 80 columns", async () => {
  const sshd = await startStdioSshd((serve) => ({
    authorizedKeys: (line) => [`restrict,pty,command="${serve("")}" ${line}`],
  }));
  const { stdout } = await run("ssh", [...sshd.options, "-tt", `${USER}@127.0.0.1`, "GET /items/6"]);
  expect(stripVTControlCharacters(stdout)).toMatch(/^\{ "id": 6 \}\r+\n$/);
});

itWith(["ssh", SSHD], "on a terminal, the end of the input cancels no call", async () => {
  const sshd = await startStdioSshd((serve) => ({
    authorizedKeys: (line) => [`restrict,pty,command="${serve("")}" ${line}`],
  }));
  const { status, stdout } = await run("ssh", [...sshd.options, "-tt", `${USER}@127.0.0.1`, "GET /sleep ms=500"], "");
  expect([status, stripVTControlCharacters(stdout)]).toEqual([0, expect.stringMatching(/"left"/)]);
});

itWith(STOCK, "when sshd is killed, the servers exit, and abort their handlers", async () => {
  const sshd = await startStdioSshd();
  for (const connect of [sshd.overOpenssh, sshd.overSsh2]) {
    const client = await connect();
    const name = `killed ${sshd.waits.started.length}`;
    const call = client.wait.get.safe({ name }, { timeout: 60_000 });
    await until("the handler", () => sshd.waits.started.includes(name));
    const [pid] = sshd.waits.processes as [number];
    await killParent(pid);
    expect(await within("the call's end", call)).toMatchObject({ error: { status: "UNAVAILABLE" } });
    await until("the handler's end", () => sshd.waits.aborted.get(name) === "UNAVAILABLE");
    await until("the server's end", () => !isAlive(pid));
  }
});

itWith(STOCK, "when sshd is killed during a command whose input has ended, the server exits", async () => {
  const sshd = await startStdioSshd(forced("--scopes items:*"));
  const call = sshd.ssh(["GET", "/run", `'{"name":"idle","wait":true}'`]);
  await until("the handler", () => sshd.waits.started.includes("idle"));
  const [pid] = sshd.waits.processes as [number];
  await killParent(pid);
  expect(await call).toMatchObject({ status: 255 });
  await until("the handler's end", () => sshd.waits.finished.includes("idle"));
  await until("the server's end", () => !isAlive(pid));
});

/** Kills the parent of a server: the sshd of its connection. */
async function killParent(pid: number): Promise<void> {
  const { stdout } = await run("ps", ["-o", "ppid=", "-p", String(pid)]);
  process.kill(Number(stdout), "SIGKILL");
}

itWith(STOCK, "SIGTERM lets running calls finish and refuses new ones", async () => {
  const sshd = await startStdioSshd();
  const client = await sshd.overOpenssh();
  const call = client.sleep.get({ ms: 1000 });
  await client.item.get({ id: 1 });
  const [pid] = sshd.waits.processes as [number];
  process.kill(pid, "SIGTERM");
  await until("the drain", () => client.state !== "ready");
  expect(await failure(client.item.get({ id: 2 }))).toMatchObject({ status: "UNAVAILABLE" });
  expect(await call).toMatchObject({ left: expect.any(Number) });
  await until("the server's end", () => !isAlive(pid));
});

itWith(STOCK, "a server exits when its client is killed", async () => {
  const sshd = await startStdioSshd();
  const args = [...sshd.options, "-s", `${USER}@127.0.0.1`, "sshrpc"];
  const ssh = spawn("ssh", args, { stdio: ["pipe", "ignore", "ignore"] });
  onTestFinished(() => void ssh.kill("SIGKILL"));
  const pid = await until("the server", () => sshd.waits.processes[0]);
  ssh.kill("SIGKILL");
  await until("the server's end", () => !isAlive(pid));
});

itWith(["script"], "serve --stdio at a terminal explains its purpose", async () => {
  const command = `${process.execPath} ${BIN} serve --stdio --handlers ${HANDLERS}`;
  const env = { SSH_CONNECTION: undefined, SSHRPC_TEST: "/nowhere" };
  const { stdout, status } = await run("script", ["-qec", command, "/dev/null"], "", env);
  expect(stdout).toMatch(
    /^sshrpc: serving over standard input and output: started at a terminal, not by sshd; .*Subsystem sshrpc/,
  );
  expect(status).toBe(1);
});

itWith(STOCK, "a forced command without a Subsystem line is an error that names openssh.command", async () => {
  const sshd = await startStdioSshd((serve) => ({
    authorizedKeys: (line) => [`restrict,command="${serve("--scopes items:*")}" ${line}`],
  }));
  for (const connect of [sshd.overOpenssh, sshd.overSsh2]) {
    expect(await failure(connect())).toMatchObject({
      status: "UNAVAILABLE",
      message: expect.stringMatching(/Subsystem.*openssh: \{ command/),
    });
  }
  expect(await (await sshd.overOpenssh({ command: "sshrpc" })).item.get({ id: 4 })).toEqual({ id: 4 });
});
