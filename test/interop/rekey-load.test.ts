import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { closeSync, createReadStream, openSync, writeSync } from "node:fs";
import type { Duplex } from "node:stream";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import ssh2 from "ssh2";
import { expect, onTestFinished } from "vitest";
import type { Session } from "../../runtime/src/base/session.js";
import { connectSsh } from "../../runtime/src/compose/connect.js";
import type { AlgorithmOptions } from "../../runtime/src/ssh/algorithm-options.js";
import { offeredKex } from "../../runtime/src/ssh/algorithms.js";
import { loadMlKem } from "../../runtime/src/ssh/ml-kem/load-ml-kem.js";
import { guardDial } from "../../runtime/src/ssh/ssh2/packets/guard-dial.js";
import { execHandler, makeKey, startBench, type TestKey, tempDir, write } from "../unit/runtime/ssh/support.js";
import { until, within } from "../unit/runtime/support/wait.js";
import { startAsyncssh } from "./asyncssh-server.js";
import { itWithNewerOpenssh } from "./newer-openssh.js";
import { SSHD, sshOptions, startSshd, USER } from "./sshd.js";
import { itWith, PYTHON } from "./stock.js";

/** MiB in each direction. `.ci/nightly` sends 200. */
const SIZE = Number(process.env["REKEY_LOAD_MIB"] ?? 6);

const MIB = 1024 * 1024;

const HYBRID = "mlkem768x25519-sha256";

/** Rekeys in the three transfers, at least: some peers count only what they send, and nothing during a key exchange. */
const MIN_REKEYS = SIZE / 2;

/** Milliseconds for the three transfers of one pair of peers. */
const TIMEOUT = 60_000 + SIZE * 6000;

/** A file of random content, and its hash. */
function makeContent(): { readonly file: string; readonly hash: string } {
  const file = `${tempDir()}/content`;
  const hash = createHash("sha256");
  const block = randomBytes(MIB);
  const descriptor = openSync(file, "w");
  for (let index = 0; index < SIZE; index++) {
    block.writeUInt32BE(index);
    hash.update(block);
    writeSync(descriptor, block);
  }
  closeSync(descriptor);
  return { file, hash: hash.digest("hex") };
}

/** Runs a command at the other side with `file` as its input, and returns the hash of its output. */
type Transfer = (command: string, file: string) => Promise<string>;

async function checkTransfers(transfer: Transfer): Promise<void> {
  const { file, hash } = makeContent();
  const upload = await transfer("sha256sum", file);
  // sha256sum prints the hash: what arrives here is the hash of that line.
  expect(upload).toBe(createHash("sha256").update(`${hash}  -\n`).digest("hex"));
  expect(await transfer(`cat ${file}`, "/dev/null"), "download").toBe(hash);
  expect(await transfer("cat", file), "both directions at once").toBe(hash);
}

/**
 * Serves commands by the shell.
 * @param ended called at the end of the output; the session exits when it resolves
 */
function runCommand(session: Session, command: string, ended = async (): Promise<void> => {}): void {
  const child = spawn("sh", ["-c", command], { stdio: ["pipe", "pipe", "ignore"] });
  onTestFinished(() => void child.kill());
  child.stdin.on("error", () => {});
  session.stream.pipe(child.stdin);
  child.stdout.pipe(session.stream, { end: false });
  child.on("close", async (status) => {
    await ended();
    await session.exit(status ?? 255);
  });
}

/**
 * paramiko's client deadlocks for 30 s, at any server, where a channel is closed after its own KEXINIT: the thread that
 * reads the server's waits for the end of the exchange before it answers the close. So the server waits for a signal, which
 * clients/paramiko.py sends when it has received everything and no exchange is running or due.
 */
function runUntilSignal(session: Session, command: string): void {
  const signaled = new Promise<void>((resolve) => session.onSignal(() => resolve()));
  runCommand(session, command, async () => {
    await session.writeError("the output has ended\n");
    await signaled;
  });
}

/** Transfers by a stock client. */
function byShell(client: string): Transfer {
  return async (command, file) => {
    const script = `cat ${file} | ${client.replace("COMMAND", `'${command}'`)} | sha256sum`;
    const child = spawn("sh", ["-c", script], { timeout: TIMEOUT, env: { ...process.env, REKEY_BYTES: `${MIB}` } });
    onTestFinished(() => void child.kill());
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    await new Promise((resolve) => child.on("close", resolve));
    return stderr === "" ? (stdout.split(" ")[0] ?? "") : stderr;
  };
}

async function hashThrough(channel: Duplex, file: string): Promise<string> {
  createReadStream(file).pipe(channel);
  const hash = createHash("sha256");
  for await (const chunk of channel) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** It begins rekeys, too: when it checks its limit, each second. */
const startServer = (handler = runCommand, algorithms: AlgorithmOptions = {}) =>
  startBench({ rekeyBytes: MIB, algorithms }, undefined, [execHandler(handler)]);
const script = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const CLIENTS: Readonly<Record<string, string>> = { "python3-asyncssh": "asyncssh", "python3-paramiko": "paramiko" };

for (const [program, name] of Object.entries(CLIENTS)) {
  itWith(
    [program],
    `${name} that rekeys every MiB loses no data at our server, in either direction or both`,
    async () => {
      const bench = await startServer(name === "paramiko" ? runUntilSignal : runCommand);
      const args = [bench.listener.port, bench.alice.file, bench.knownHosts].join(" ");
      await checkTransfers(byShell(`${PYTHON} -W ignore ${script(`clients/${name}.py`)} ${args} COMMAND`));
      expect(bench.log.with("new keys").length).toBeGreaterThan(MIN_REKEYS);
    },
    TIMEOUT,
  );

  itWith(
    [program],
    `our client loses no data at a server of ${name} that rekeys every MiB, in either direction or both`,
    async () => {
      const directory = tempDir();
      const [host, alice] = [makeKey(directory, "host"), makeKey(directory, "alice")];
      const authorized = write(directory, "authorized_keys", `${alice.line}\n`);
      const child = spawn(PYTHON, ["-W", "ignore", script(`servers/${name}.py`), host.file, authorized, `${MIB}`]);
      onTestFinished(() => void child.kill());
      child.stderr.pipe(process.stderr);
      const port = await new Promise<number>((resolve) => child.stdout.once("data", (text) => resolve(Number(text))));
      const knownHosts = write(directory, "known_hosts", `[127.0.0.1]:${port} ${host.line}\n`);
      await checkTransfers(await byOurClient(`ssh://alice@127.0.0.1:${port}`, alice, knownHosts));
    },
    TIMEOUT,
  );
}

itWith(
  ["ssh"],
  "ssh that rekeys every MiB loses no data at our server, in either direction or both",
  async () => {
    const bench = await startServer();
    const options = sshOptions({ knownHosts: bench.knownHosts, identity: bench.alice.file, port: bench.listener.port });
    await checkTransfers(byShell(`ssh -o RekeyLimit=1M ${options.join(" ")} alice@127.0.0.1 COMMAND`));
    expect(bench.log.with("new keys").length).toBeGreaterThan(MIN_REKEYS);
  },
  TIMEOUT,
);

itWithNewerOpenssh(
  "ssh of OpenSSH 10 that rekeys every MiB with mlkem768x25519-sha256 loses no data at our server, in either direction or both",
  async (openssh) => {
    const bench = await startServer(runCommand, { kex: [HYBRID] });
    const options = sshOptions({ knownHosts: bench.knownHosts, identity: bench.alice.file, port: bench.listener.port });
    await checkTransfers(byShell(`${openssh.ssh} -o RekeyLimit=1M ${options.join(" ")} alice@127.0.0.1 COMMAND`));
    expect(bench.log.with("new keys").length).toBeGreaterThan(MIN_REKEYS);
  },
  TIMEOUT,
);

itWithNewerOpenssh(
  "our client loses no data at an sshd of OpenSSH 10 that rekeys every MiB with mlkem768x25519-sha256, in either direction or both",
  async (openssh) => {
    const config = [...openssh.config, "RekeyLimit 1M", `KexAlgorithms ${HYBRID}`];
    const { address, key, knownHosts } = await startSshd({ program: openssh.sshd, config });
    await checkTransfers(await byOurClient(address, key, knownHosts));
  },
  TIMEOUT,
);

itWithNewerOpenssh(
  "our client that rekeys every MiB with mlkem768x25519-sha256 loses no data at sshd of OpenSSH 10, in either direction or both",
  async (openssh) => {
    const config = [...openssh.config, `KexAlgorithms ${HYBRID}`];
    const { port, key } = await startSshd({ program: openssh.sshd, config });
    const { transfer, keys } = await connectRekeying(port, USER, key);
    await checkTransfers(transfer);
    expect(keys()).toBeGreaterThan(MIN_REKEYS);
  },
  TIMEOUT,
);

itWith(
  [SSHD],
  "our client loses no data at an sshd that rekeys every MiB, in either direction or both",
  async () => {
    const { address, key, knownHosts } = await startSshd({ config: ["RekeyLimit 1M"] });
    await checkTransfers(await byOurClient(address, key, knownHosts));
  },
  TIMEOUT,
);

async function byOurClient(address: string, key: TestKey, knownHosts: string): Promise<Transfer> {
  const options = { identity: key.file, knownHosts, agent: false, sshConfig: false } as const;
  const ssh = await connectSsh(address, options);
  onTestFinished(() => ssh.close());
  return async (command, file) => hashThrough(await ssh.exec(command), file);
}

/** Our client, but for its limit: it begins a rekey with each MiB that it receives or sends. */
async function connectRekeying(
  port: number,
  user: string,
  key: TestKey,
): Promise<{ transfer: Transfer; keys(): number }> {
  await loadMlKem();
  const client = new ssh2.Client();
  let keys = 0;
  onTestFinished(() => void client.destroy());
  await new Promise<void>((resolve, reject) => {
    client.on("error", reject).on("ready", resolve);
    (client as NodeJS.EventEmitter).on("handshake", () => keys++);
    client.connect({ host: "127.0.0.1", port, username: user, privateKey: key.privateKey, hostVerifier: () => true });
    const abort = (reason: string) => reject(new Error(reason));
    guardDial({ client, socket: socketOf(client), kex: offeredKex(), abort });
  });
  type Internals = { readonly _protocol: { rekey(): void }; readonly _sock: Parameters<typeof guardDial>[0]["socket"] };
  function socketOf(of: ssh2.Client): Internals["_sock"] {
    return (of as unknown as Internals)._sock;
  }
  const socket = socketOf(client);
  let next = MIB;
  const timer = setInterval(() => {
    if (socket.bytesRead + socket.bytesWritten < next) return;
    next = socket.bytesRead + socket.bytesWritten + MIB;
    (client as unknown as Internals)._protocol.rekey();
  }, 1);
  onTestFinished(() => clearInterval(timer));
  const transfer: Transfer = async (command, file) => {
    const channel = await new Promise<Duplex>((resolve, reject) =>
      client.exec(command, (error, opened) => (error ? reject(error) : resolve(opened))),
    );
    return hashThrough(channel, file);
  };
  return { transfer, keys: () => keys };
}

itWith(
  ["sh"],
  "our client that rekeys every MiB loses no data at our server, in either direction or both",
  async () => {
    const bench = await startServer();
    const { transfer, keys } = await connectRekeying(bench.listener.port, "alice", bench.alice);
    await checkTransfers(transfer);
    expect(keys()).toBeGreaterThan(MIN_REKEYS);
  },
  TIMEOUT,
);

itWith(
  [SSHD],
  "our client that rekeys every MiB loses no data at sshd, in either direction or both",
  async () => {
    const { port, key } = await startSshd();
    const { transfer, keys } = await connectRekeying(port, USER, key);
    await checkTransfers(transfer);
    expect(keys()).toBeGreaterThan(MIN_REKEYS);
  },
  TIMEOUT,
);

itWith(
  ["python3-asyncssh"],
  "our client and an asyncssh server that both rekey in mid-stream lose no data",
  async () => {
    const key = makeKey(tempDir(), "alice");
    const server = await startAsyncssh({ key: key.line, rekeyBytes: MIB });
    const content = randomBytes(8 * MIB);
    const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
    const ssh = new ssh2.Client();
    onTestFinished(() => void ssh.destroy());
    let keys = 0;
    const received = new Promise<Buffer>((resolve, reject) => {
      ssh.on("error", reject).on("handshake", () => keys++);
      ssh.on("ready", () =>
        ssh.exec("echo", (error, channel) => {
          if (error) return reject(error);
          const { _protocol } = ssh as unknown as { readonly _protocol: { rekey(): void } };
          let size = 0;
          channel.on("data", ({ length }: Buffer) => {
            if (Math.floor((size + length) / 300_000) > Math.floor(size / 300_000)) _protocol.rekey();
            size += length;
          });
          channel.end(content);
          return resolve(buffer(channel));
        }),
      );
      const { port } = server;
      ssh.connect({ host: "127.0.0.1", port, username: "alice", privateKey: key.privateKey, hostVerifier: () => true });
      const { _sock } = ssh as unknown as { readonly _sock: Parameters<typeof guardDial>[0]["socket"] };
      const abort = (reason: string) => reject(new Error(reason));
      guardDial({ client: ssh, socket: _sock, kex: offeredKex(), abort });
    });
    expect(sha256(await within("the content", received))).toBe(sha256(content));
    await until("new keys", () => keys > 2);
  },
);
