import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { getEventListeners, once } from "node:events";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { text } from "node:stream/consumers";
import type { SshClient } from "sshrpc/client";
import { connectSsh, readLines } from "sshrpc/client";
import { expect, it, onTestFinished } from "vitest";
import { failure } from "../unit/runtime/support/wait.js";
import { serveNotesOverSsh } from "./served.js";
import { SSHD, type Sshd, startSshd } from "./sshd.js";
import { itWith } from "./stock.js";

async function start(config: readonly string[] = []): Promise<{ sshd: Sshd; ssh: SshClient }> {
  const sshd = await startSshd({ config });
  const ssh = await connect(sshd);
  return { sshd, ssh };
}

async function connect({ address, key, knownHosts }: Sshd): Promise<SshClient> {
  const ssh = await connectSsh(address, { identity: key.file, knownHosts, agent: false, sshConfig: false });
  onTestFinished(() => ssh.close());
  return ssh;
}

itWith([SSHD], "a command on a stock sshd returns its output, errors and exit status", async () => {
  const { ssh } = await start();
  expect(await ssh.run("echo out; echo err >&2; exit 3")).toEqual({
    stdout: "out\n",
    stderrTail: "err\n",
    exitCode: 3,
    signal: undefined,
  });
  expect(await ssh.run("kill -TERM $$")).toMatchObject({ exitCode: undefined, signal: "TERM" });
  expect((await ssh.run("tr a-z A-Z", { input: "shout" })).stdout).toBe("SHOUT");
  expect(await failure(ssh.run("yes", { maxBuffer: 10_000 }))).toMatchObject({ status: "MESSAGE_TOO_LARGE" });
});

itWith([SSHD], "input can end before output, and the command has ended only after both", async () => {
  const { ssh } = await start();
  const sent = randomBytes(3_000_000).toString("base64");
  const command = await ssh.exec("cat");
  let isDone = false;
  void command.exit.then(() => {
    isDone = true;
  });
  command.end(sent);
  expect((await text(command)) === sent).toBe(true);
  expect(await command.exit).toEqual({ exitCode: 0, signal: undefined });
  expect(isDone).toBe(true);
});

itWith([SSHD], "several commands share a connection, and a slow one does not block the others", async () => {
  const { sshd, ssh } = await start();
  const slow = await ssh.exec("yes");
  const results = await Promise.all(Array.from({ length: 8 }, (_, index) => ssh.run(`echo ${index}`)));
  expect(results.map(({ stdout: output }) => output.trim())).toEqual(["0", "1", "2", "3", "4", "5", "6", "7"]);
  slow.destroy();
  await slow.exit.catch(() => undefined);
  await expect.poll(() => sshd.log().match(/Accepted publickey/g)).toHaveLength(1);
});

itWith([SSHD], "a log is followed line by line as it grows, until its reader stops", async () => {
  const { sshd, ssh } = await start();
  const file = `${sshd.directory}/access.log`;
  writeFileSync(file, "old\nlast\n");
  const command = await ssh.exec(`tail -f -n 1 '${file}'`);
  const seen: string[] = [];
  for await (const line of readLines(command)) {
    seen.push(line);
    if (line === "last") appendFileSync(file, "half a li");
    if (line === "last") appendFileSync(file, "ne\nstop\n");
    if (line === "stop") break;
  }
  expect(seen).toEqual(["last", "half a line", "stop"]);
  expect(command.destroyed).toBe(true);
  expect((await ssh.run("echo the connection goes on")).stdout).toBe("the connection goes on\n");
});

itWith([SSHD], "a signal cancels a command, at once and while it runs", async () => {
  const { ssh } = await start();
  expect(await failure(ssh.exec("cat", { signal: AbortSignal.abort() }))).toMatchObject({ status: "CANCELLED" });
  const abort = new AbortController();
  const command = await ssh.exec("cat", { signal: abort.signal });
  const reading = text(command);
  abort.abort();
  expect(await failure(reading)).toMatchObject({ status: "CANCELLED" });
  expect(await failure(command.exit)).toMatchObject({ status: "CANCELLED" });
});

itWith([SSHD], "twelve commands with one signal print no warning, and leave no listener on it", async () => {
  const { ssh } = await start(["MaxSessions 20"]);
  const { signal } = new AbortController();
  const warnings: string[] = [];
  const onWarning = ({ message }: Error) => void warnings.push(message);
  process.on("warning", onWarning);
  onTestFinished(() => void process.off("warning", onWarning));
  const results = await Promise.all(Array.from({ length: 12 }, (_, index) => ssh.run(`echo ${index}`, { signal })));
  expect(results.map(({ stdout }) => Number(stdout))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(warnings).toEqual([]);
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

itWith([SSHD], "files of any size and name are copied both ways, with their checksums verified", async () => {
  const { sshd, ssh } = await start();
  const { directory } = sshd;
  for (const [name, size] of [
    ["empty", 0],
    ["it's $(odd) -n.bin", 5_000_001],
    ["-rf", 100],
  ] as const) {
    const content = randomBytes(size);
    const sha256 = createHash("sha256").update(content).digest("hex");
    writeFileSync(`${directory}/local`, content);
    expect(await ssh.copyTo(`${directory}/local`, `${directory}/${name}`)).toEqual({ bytes: size, sha256 });
    expect(readFileSync(`${directory}/${name}`).equals(content)).toBe(true);
    let progress = 0;
    const onProgress = (bytes: number) => {
      progress = bytes;
    };
    expect(await ssh.copyFrom(`${directory}/${name}`, `${directory}/back`, { onProgress })).toEqual({
      bytes: size,
      sha256,
    });
    expect(readFileSync(`${directory}/back`).equals(content)).toBe(true);
    expect(progress).toBe(size);
  }
  expect(readdirSync(directory).filter((name) => name.endsWith(".part"))).toEqual([]);
});

itWith([SSHD], "a copy to a folder keeps the name of the file, in both directions", async () => {
  const { sshd, ssh } = await start();
  const { directory } = sshd;
  const content = randomBytes(3_000_000);
  writeFileSync(`${directory}/file`, content);
  for (const slash of ["", "//"]) {
    const folder = `${directory}/the folder ${slash.length}`;
    mkdirSync(`${folder}/back`, { recursive: true });
    await ssh.copyTo(`${directory}/file`, `${folder}${slash}`);
    expect(readFileSync(`${folder}/file`).equals(content)).toBe(true);
    await ssh.copyFrom(`${folder}/file`, `${folder}/back${slash}`);
    expect(readFileSync(`${folder}/back/file`).equals(content)).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(["back", "file"]);
  }
});

itWith([SSHD], "a failed copy gives the reason, and leaves no files", async () => {
  const { sshd, ssh } = await start();
  const { directory } = sshd;
  mkdirSync(`${directory}/folder`);
  writeFileSync(`${directory}/file`, "content");
  expect(await failure(ssh.copyFrom(`${directory}/none`, `${directory}/here`))).toMatchObject({
    status: "NOT_FOUND",
    message: expect.stringContaining(`cannot copy ${directory}/none: `),
  });
  expect(await failure(ssh.copyFrom(`${directory}/folder`, `${directory}/here`))).toMatchObject({
    status: "BAD_REQUEST",
  });
  expect(await failure(ssh.copyTo(`${directory}/file`, `${directory}/none/there`))).toMatchObject({
    status: "NOT_FOUND",
  });
  mkdirSync(`${directory}/folder/file`);
  expect(await failure(ssh.copyFrom(`${directory}/file`, `${directory}/folder`))).toMatchObject({
    status: "BAD_REQUEST",
    message: `${directory}/folder/file is a directory: name the file`,
  });
  expect(await failure(ssh.copyTo(`${directory}/file`, `${directory}/folder`))).toMatchObject({
    status: "BAD_REQUEST",
    message: `cannot copy ${directory}/folder/file: Is a directory; name the file`,
  });
  expect(await failure(ssh.copyTo(`${directory}/folder`, `${directory}/there`))).toMatchObject({
    status: "BAD_REQUEST",
  });
  expect(await failure(ssh.copyFrom(`${directory}/file`, `${directory}/none/here`))).toMatchObject({
    status: "NOT_FOUND",
    message: expect.stringContaining(`cannot copy ${directory}/none/here: ENOENT`),
  });
  expect(await failure(ssh.copyTo(`${directory}/none`, `${directory}/there`))).toMatchObject({
    status: "NOT_FOUND",
    message: expect.stringContaining(`cannot copy ${directory}/none: ENOENT`),
  });
  execFileSync("mkfifo", [`${directory}/pipe`]);
  expect(await failure(ssh.copyTo(`${directory}/pipe`, `${directory}/there`))).toMatchObject({
    status: "BAD_REQUEST",
    message: `${directory}/pipe is not a regular file`,
  });
  expect(existsSync(`${directory}/here`)).toBe(false);
  expect(readdirSync(directory).filter((name) => name.endsWith(".part"))).toEqual([]);
});

itWith([SSHD], "a file that grows during its copy is a conflict, and a cancelled copy leaves no files", async () => {
  const { sshd, ssh } = await start();
  const { directory } = sshd;
  writeFileSync(`${directory}/log`, randomBytes(1_000_000));
  let grown = false;
  const grow = (bytes: number) => {
    if (bytes < 1_000_000 || grown) return;
    grown = true;
    appendFileSync(`${directory}/log`, "more");
  };
  const copying = ssh.copyFrom(`${directory}/log`, `${directory}/copy`, { onProgress: grow });
  const error = await failure<Error>(copying.then(({ bytes }) => Promise.reject(new Error(`${bytes} bytes`))));
  // The copy may have read to the new end: then it is the grown file.
  if (error.message === "1000004 bytes") expect(statSync(`${directory}/copy`).size).toBe(1_000_004);
  else expect(error).toMatchObject({ status: "CONFLICT" });

  writeFileSync(`${directory}/big`, randomBytes(8_000_000));
  const abort = new AbortController();
  const stop = () => abort.abort();
  expect(
    await failure(ssh.copyFrom(`${directory}/big`, `${directory}/here`, { signal: abort.signal, onProgress: stop })),
  ).toMatchObject({ status: "CANCELLED" });
  const again = new AbortController();
  expect(
    await failure(
      ssh.copyTo(`${directory}/big`, `${directory}/there`, { signal: again.signal, onProgress: () => again.abort() }),
    ),
  ).toMatchObject({ status: "CANCELLED" });
  // The host removes its part of a cancelled copy after the call has failed.
  await expect.poll(() => readdirSync(directory).filter((name) => /here|there|part/.test(name))).toEqual([]);
});

itWith([SSHD], "a connection through the server carries any other protocol", async () => {
  const { ssh } = await start();
  const server = createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const duplex = await ssh.connectTcp("127.0.0.1", port);
  duplex.end("there and back");
  expect(await text(duplex)).toBe("there and back");
  server.close();
  await once(server, "close");
  expect(await failure(ssh.connectTcp("127.0.0.1", port))).toMatchObject({ status: "UNAVAILABLE" });
});

itWith([SSHD], "commands end with UNAVAILABLE when the connection is lost, and the next use reconnects", async () => {
  const { sshd, ssh } = await start();
  const command = await ssh.exec("sleep 60");
  const reading = failure(text(command));
  expect(await failure(ssh.run("kill -KILL $PPID"))).toMatchObject({ status: "UNAVAILABLE" });
  expect(await reading).toMatchObject({ status: "UNAVAILABLE" });
  expect(await failure(command.exit)).toMatchObject({ status: "UNAVAILABLE" });
  expect((await ssh.run("echo again")).stdout).toBe("again\n");
  await expect.poll(() => sshd.log().match(/Accepted publickey/g)).toHaveLength(2);
});

itWith([SSHD], "a closed client does not reconnect, and its commands have ended", async () => {
  const { ssh } = await start();
  const command = await ssh.exec("sleep 60");
  command.on("error", () => undefined);
  await ssh.close();
  await failure(command.exit);
  expect(await failure(ssh.exec("true"))).toMatchObject({ status: "UNAVAILABLE" });
});

itWith([SSHD], "commands over the MaxSessions of the server wait for their turn", async () => {
  const { ssh } = await start(["MaxSessions 3"]);
  const results = await Promise.all(Array.from({ length: 15 }, (_, index) => ssh.run(`echo ${index}`)));
  expect(results.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 15 }, (_, index) => index));
});

itWith([SSHD], "a command that waits for a session can be cancelled, and then never runs", async () => {
  const { sshd, ssh } = await start(["MaxSessions 1"]);
  const first = await ssh.exec("cat");
  const abort = new AbortController();
  const waiting = failure(ssh.run(`touch ${sshd.directory}/ran`, { signal: abort.signal }));
  // The server has rejected it once it answers a later request.
  await failure(ssh.connectTcp("127.0.0.1", 1));
  abort.abort();
  expect(await waiting).toMatchObject({ status: "CANCELLED", message: expect.stringContaining("MaxSessions") });
  first.end();
  first.resume();
  await first.exit;
  expect((await ssh.run("echo next")).stdout).toBe("next\n");
  expect(existsSync(`${sshd.directory}/ran`)).toBe(false);
});

itWith([SSHD], "a server that allows no session is an error that names MaxSessions", async () => {
  const { ssh } = await start(["MaxSessions 0"]);
  expect(await failure(ssh.run("true"))).toMatchObject({
    status: "UNAVAILABLE",
    message: expect.stringMatching(/rejected the session: .*MaxSessions/),
  });
});

itWith([SSHD], "files are copied from and to a host whose login shell prints a greeting", async () => {
  const greeting = `0123456789abcdef${"0123456789abcdef".repeat(3)}`;
  const { sshd, ssh } = await start([`ForceCommand echo ${greeting}; eval "$SSH_ORIGINAL_COMMAND"`]);
  const { directory } = sshd;
  const content = randomBytes(300_000);
  writeFileSync(`${directory}/file`, content);
  await ssh.copyFrom(`${directory}/file`, `${directory}/copy`);
  expect(readFileSync(`${directory}/copy`).equals(content)).toBe(true);
  await ssh.copyTo(`${directory}/file`, `${directory}/there`);
  expect(readFileSync(`${directory}/there`).equals(content)).toBe(true);
  writeFileSync(`${directory}/empty`, "");
  expect(await ssh.copyFrom(`${directory}/empty`, `${directory}/copy`)).toMatchObject({ bytes: 0 });
  expect(await failure(ssh.copyFrom(`${directory}/none`, `${directory}/here`))).toMatchObject({ status: "NOT_FOUND" });
});

itWith([SSHD], "a host that runs another command instead of the copy is quoted", async () => {
  const { sshd, ssh } = await start(["ForceCommand echo no shell here"]);
  expect(await failure(ssh.copyFrom("/etc/hostname", `${sshd.directory}/copy`))).toMatchObject({
    status: "UNAVAILABLE",
    message: expect.stringContaining('"no shell here'),
  });
  expect(readdirSync(sshd.directory).filter((name) => name.startsWith("copy"))).toEqual([]);
});

itWith([SSHD], "the exit of a command settles although its output is not read", async () => {
  const { ssh } = await start();
  const { signal } = new AbortController();
  await (await ssh.exec("echo unread", { signal })).exit;
  expect(getEventListeners(signal, "abort")).toEqual([]);
  const silent = await ssh.exec("exit 3");
  expect(await silent.exit).toEqual({ exitCode: 3, signal: undefined });
  const printing = await ssh.exec("echo printed");
  expect(await printing.exit).toEqual({ exitCode: 0, signal: undefined });
  expect(await text(printing)).toBe("printed\n");
  expect(await text(silent)).toBe("");
});

itWith([SSHD], "a command that ends before it has read its input returns its exit status", async () => {
  const { ssh } = await start();
  for (const size of [1, 100_000, 5_000_000]) {
    const input = Buffer.alloc(size, "x");
    const results = await Promise.all(Array.from({ length: 5 }, () => ssh.run("echo early; exit 4", { input })));
    for (const result of results) expect(result).toMatchObject({ stdout: "early\n", exitCode: 4 });
  }
});

it("a command of an sshrpc server that fails before it reads its input returns its exit status", async () => {
  const { server, key, knownHosts } = await serveNotesOverSsh();
  const options = { identity: key.file, knownHosts, agent: false, sshConfig: false } as const;
  const ssh = await connectSsh(`ssh://alice@127.0.0.1:${server.port}`, options);
  onTestFinished(() => ssh.close());
  for (let round = 0; round < 50; round++) {
    const input = Buffer.alloc(round % 2 === 0 ? 1 : 200_000, "x");
    const results = await Promise.all([ssh.run("GET /nothing", { input }), ssh.run("GET /nothing", { input })]);
    for (const { exitCode, stderrTail } of results) {
      expect(exitCode).toBe(4);
      expect(stderrTail).toContain("NOT_FOUND");
    }
  }
});
