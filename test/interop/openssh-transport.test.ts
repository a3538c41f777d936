import { spawn, spawnSync } from "node:child_process";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { type ConnectOptions, RpcError } from "sshrpc/client";
import { expect, onTestFinished } from "vitest";
import { connect } from "../conformance/generated/client.js";
import { copyKey, readFixture, takeKey } from "../fixtures/keys.js";
import { sshrpc } from "../unit/runtime/cli/run.js";
import { makeKey, tempDir, write } from "../unit/runtime/ssh/support.js";
import { failure, until, within } from "../unit/runtime/support/wait.js";

import { certify } from "./client.js";
import { isAlive } from "./run.js";
import { SSHD, startSshd, USER } from "./sshd.js";
import { startStdioSshd } from "./stdio-sshd.js";
import { itWith } from "./stock.js";

const STOCK = ["ssh", SSHD];
const SCOPES = "--scopes items:\\*";

itWith(STOCK, "connects to an alias of ~/.ssh/config with its jump host and its ControlMaster", async () => {
  const bastion = await startSshd();
  const sshd = await startStdioSshd();
  const directory = tempDir();
  const common = ["IdentitiesOnly yes", "IdentityAgent none", "GlobalKnownHostsFile /dev/null"];
  const config = write(
    directory,
    "config",
    [
      "Host bastion",
      ...["HostName 127.0.0.1", `Port ${bastion.port}`, `User ${USER}`, `IdentityFile ${bastion.key.file}`, ...common],
      `UserKnownHostsFile ${bastion.knownHosts}`,
      "Host edge",
      ...["HostName 127.0.0.1", `Port ${sshd.port}`, `User ${USER}`, `IdentityFile ${sshd.key.file}`, ...common],
      `UserKnownHostsFile ${sshd.knownHosts}`,
      "ProxyJump bastion",
      ...["ControlMaster auto", `ControlPath ${directory}/control`, "ControlPersist 30"],
      // Settings that would break a connection that carries frames.
      ...["RemoteCommand id", "LocalForward 1 127.0.0.1:1", "RequestTTY force", "SendEnv RPC_*"],
    ].join("\n"),
  );
  onTestFinished(() => void spawnSync("ssh", ["-F", config, "-O", "exit", "edge"]));
  for (let turn = 0; turn < 2; turn++) {
    const client = await connect("edge", { transport: "openssh", sshConfig: config, reconnect: false });
    onTestFinished(() => client.close());
    expect(await client.item.get({ id: 7 })).toEqual({ id: 7 });
    expect(existsSync(`${directory}/control`)).toBe(true);
  }
  await expect.poll(bastion.log).toContain("Accepted publickey");
  // One of the two connections passed through the jump host; the other used the ControlMaster.
  await expect.poll(() => sshd.log().match(/Accepted publickey/g)).toHaveLength(1);
});

itWith(STOCK, "does not use a ControlMaster, which may have other algorithms, with the option algorithms", async () => {
  const [curve, group16] = ["curve25519-sha256", "diffie-hellman-group16-sha512"] as const;
  const sshd = await startStdioSshd((serve) => ({
    config: ["LogLevel DEBUG1", `KexAlgorithms ${curve},${group16}`, `Subsystem sshrpc ${serve(SCOPES)}`],
  }));
  const directory = tempDir();
  const lines = [
    ...[`User ${USER}`, `IdentityFile ${sshd.key.file}`, "IdentityAgent none", `UserKnownHostsFile ${sshd.knownHosts}`],
    ...["ControlMaster auto", `ControlPath ${directory}/control`, "ControlPersist 30"],
    `KexAlgorithms ${curve}`,
  ];
  const sshConfig = write(directory, "config", lines.join("\n"));
  onTestFinished(() => void spawnSync("ssh", ["-F", sshConfig, "-O", "exit", new URL(sshd.address).host]));
  for (const options of [{}, { algorithms: { kex: [group16] } }]) {
    const client = await connect(sshd.address, { transport: "openssh", sshConfig, reconnect: false, ...options });
    onTestFinished(() => client.close());
    expect(await client.item.get({ id: 7 })).toEqual({ id: 7 });
    expect(existsSync(`${directory}/control`)).toBe(true);
  }
  await expect.poll(sshd.log).toContain(`kex: algorithm: ${group16}`);
});

itWith(STOCK, "connects through named jump hosts, also with `sshrpc call`", async () => {
  const bastion = await startSshd();
  const sshd = await startStdioSshd();
  const directory = tempDir();
  const knownHosts = write(
    directory,
    "known_hosts",
    readFileSync(sshd.knownHosts, "utf8") + readFileSync(bastion.knownHosts, "utf8"),
  );
  appendFileSync(bastion.authorizedKeys, `${sshd.key.line}\n`);
  // The ssh of a jump host takes its options from the configuration only.
  const config = write(
    directory,
    "config",
    `Host *\nUserKnownHostsFile ${knownHosts}\nIdentityFile ${sshd.key.file}\nIdentitiesOnly yes\nIdentityAgent none\n`,
  );
  const client = await connect(sshd.address, { transport: "openssh", jump: bastion.address, sshConfig: config });
  onTestFinished(() => client.close());
  expect(await client.item.get({ id: 8 })).toEqual({ id: 8 });
  await expect.poll(bastion.log).toContain("Accepted publickey");
  const args = ["--identity", sshd.key.file, "--known-hosts", knownHosts];
  const call = (...more: string[]) => sshrpc(["call", sshd.address, ...more, ...args]);
  expect(await call("GET", "/items/9", "--via", "ssh")).toEqual({ status: 0, stdout: '{"id":9}\n', stderr: "" });
  expect(await call("GET", "/items/9", "--jump", bastion.address)).toMatchObject({ status: 0, stdout: '{"id":9}\n' });
});

itWith([...STOCK, "ssh-keygen"], "user and host certificates need no lists of keys", async () => {
  const authority = takeKey("ed25519", "authority");
  const alice = takeKey("ed25519", "alice");
  await certify(
    authority,
    alice,
    "-I",
    "alice@laptop",
    "-n",
    USER,
    "-z",
    "42",
    "-O",
    "extension:scopes@sshrpc=items:*,other",
  );
  const authorityLine = readFileSync(`${authority}.pub`, "utf8").trim();
  const sshd = await startStdioSshd((serve) => ({
    config: ["ExposeAuthInfo yes", `Subsystem sshrpc ${serve("--scopes items:\\*,secret:\\*")}`],
    authorizedKeys: () => [`cert-authority ${authorityLine}`],
  }));
  const client = await sshd.overOpenssh({ identity: alice });
  const peer = await client.headers.get();
  expect(peer).toContainEqual({ name: "certificate", values: ["alice@laptop", "42"] });
  expect(peer).toContainEqual({ name: "scopes", values: ["items:*"] });
  expect(await failure(client.secret.get())).toMatchObject({ status: "FORBIDDEN" });
  const stranger = takeKey("ed25519", "stranger");
  await certify(takeKey("ed25519", "other"), stranger, "-I", "x", "-n", USER);
  expect(await failure(sshd.overOpenssh({ identity: stranger }))).toMatchObject({ status: "UNAUTHENTICATED" });
});

itWith(STOCK, "a host is trusted by the authority that certified it", async () => {
  const directory = tempDir();
  const host = copyKey("host-ed25519", "host");
  const sshd = await startStdioSshd((serve) => ({
    config: [`HostKey ${host}`, `HostCertificate ${host}-cert.pub`, `Subsystem sshrpc ${serve(SCOPES)}`],
  }));
  const line = `@cert-authority [127.0.0.1]:${sshd.port} ${readFixture("host-ca.pub")}`;
  const client = await sshd.overOpenssh({ knownHosts: write(directory, "known_hosts", line), hostKey: "strict" });
  expect(await client.item.get({ id: 1 })).toEqual({ id: 1 });
});

itWith(STOCK, "each failure of ssh has a status and a message that quotes ssh", async () => {
  const sshd = await startStdioSshd();
  const other = makeKey(tempDir(), "other");
  const changed = write(tempDir(), "known_hosts", `[127.0.0.1]:${sshd.port} ${other.line}\n`);
  const common: ConnectOptions = {
    ...{ identity: sshd.key.file, knownHosts: sshd.knownHosts, agent: false, sshConfig: false },
    ...{ transport: "openssh", reconnect: false },
  };
  const silent = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void silent.close());
  await until("the port", () => silent.listening);
  const { port } = silent.address() as { port: number };
  for (const [target, options, status, message] of [
    [sshd.address, { identity: other.file }, "UNAUTHENTICATED", /accepts none of the keys.*Permission denied/],
    [sshd.address, { knownHosts: "/dev/null" }, "UNAUTHENTICATED", /unknown host key of .*verification failed/],
    [sshd.address, { knownHosts: changed }, "UNAUTHENTICATED", /the host key of .* has changed: .*has changed/],
    ["ssh://x@127.0.0.1:1", {}, "UNAVAILABLE", /connection refused by .*Connection refused/],
    ["nowhere.invalid", {}, "UNAVAILABLE", /cannot resolve the host name of .*nowhere\.invalid/],
    [`x@127.0.0.1:${port}`, { connectTimeout: 300 }, "UNAVAILABLE", /did not respond within 300 ms/],
    [
      sshd.address,
      { openssh: { command: "/nowhere/sshrpc" } },
      "UNAVAILABLE",
      /ended with status 127 .* names a program that does not exist there.*ssh: .*No such file/,
    ],
    [sshd.address, { openssh: { args: ["-o", "Nonsense=1"] } }, "BAD_REQUEST", /rejects its options.*nonsense/i],
    [sshd.address, { sshConfig: "/nowhere/config" }, "BAD_REQUEST", /Can't open user config file/],
  ] as const) {
    const error = await failure(connect(target, { ...common, ...options }));
    expect(error).toBeInstanceOf(RpcError);
    expect(error).toMatchObject({ status, message: expect.stringMatching(message) });
  }
  const plain = await startSshd();
  const use = { ...common, identity: plain.key.file, knownHosts: plain.knownHosts };
  expect(await failure(connect(plain.address, use))).toMatchObject({
    status: "UNAVAILABLE",
    message: expect.stringMatching(/has no sshrpc subsystem/),
  });
});

itWith(STOCK, "a connection cut during a call fails with the message of ssh", async () => {
  const sshd = await startStdioSshd();
  const client = await sshd.overOpenssh();
  const call = client.wait.get.safe({ name: "cut" }, { timeout: 60_000 });
  await until("the handler", () => sshd.waits.started.includes("cut"));
  const { stdout } = spawnSync("pgrep", ["-P", String(sshd.process.pid)], { encoding: "utf8" });
  for (const pid of stdout.trim().split("\n")) process.kill(Number(pid), "SIGKILL");
  expect(await within("the call's end", call)).toMatchObject({
    error: {
      status: "UNAVAILABLE",
      message: expect.stringMatching(/was lost: .*(closed by remote host|reset by peer|Broken pipe)/),
    },
  });
});

itWith(STOCK, "a program that ends or is killed leaves no ssh process", async () => {
  const sshd = await startStdioSshd();
  const { address, key, knownHosts } = sshd;
  const transport = fileURLToPath(new URL("../../runtime/dist/openssh/openssh-transport.js", import.meta.url));
  for (const how of ["exit", "kill"] as const) {
    const pidFile = `${tempDir()}/pid`;
    const wrapper = write(tempDir(), "ssh.sh", `#!/bin/sh\necho $$ > ${pidFile}\nexec ssh "$@"\n`, 0o700);
    const options = { identity: key.file, knownHosts, agent: false, sshConfig: false, program: wrapper };
    const program = `
      const { opensshTransport } = await import(${JSON.stringify(transport)});
      const duplex = await opensshTransport(${JSON.stringify(address)}, ${JSON.stringify(options)}).open();
      duplex.resume();
      console.log("open");
      if (${how === "exit"}) process.exit();`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    await within("the connection", new Promise((resolve) => child.stdout.once("data", resolve)));
    if (how === "kill") child.kill("SIGKILL");
    const pid = Number(readFileSync(pidFile, "utf8"));
    await until("the end of ssh", () => !isAlive(pid));
  }
  await until("the servers' ends", () => sshd.waits.processes.length === 0);
});

itWith(STOCK, "the client's plain SSH runs commands and copies files with the ssh program, too", async () => {
  const sshd = await startStdioSshd((serve) => ({ config: [`Subsystem sshrpc ${serve(SCOPES)}`, "AcceptEnv RPC_*"] }));
  const { address, key, knownHosts, directory } = sshd;
  const common = { identity: key.file, knownHosts, agent: false, sshConfig: false, transport: "openssh" } as const;
  const client = await connect(address, common);
  onTestFinished(() => client.close());
  const { ssh } = client;
  expect(await ssh.run("echo out; echo err >&2; exit 3")).toEqual({
    ...{ stdout: "out\n", stderrTail: "err\n", exitCode: 3, signal: undefined },
  });
  expect((await ssh.run("tr a-z A-Z", { input: "shout" })).stdout).toBe("SHOUT");
  const early = await ssh.run("echo early; exit 4", { input: Buffer.alloc(5_000_000) });
  expect(early).toMatchObject({ stdout: "early\n", exitCode: 4 });
  expect((await ssh.run("echo $RPC_A,$RPC_B", { env: { RPC_A: "one two", RPC_B: "%h" } })).stdout).toBe("one two,%h\n");
  expect(await (await ssh.exec("exit 5")).exit).toEqual({ exitCode: 5, signal: undefined });
  expect(await failure(ssh.run("yes", { maxBuffer: 10_000 }))).toMatchObject({ status: "MESSAGE_TOO_LARGE" });
  const content = Buffer.alloc(3_000_000, "content ");
  write(directory, "file", content);
  await ssh.copyTo(`${directory}/file`, `${directory}/there`);
  await ssh.copyFrom(`${directory}/there`, `${directory}/back`);
  expect(readFileSync(`${directory}/back`).equals(content)).toBe(true);
  expect(await failure(ssh.copyFrom(`${directory}/none`, `${directory}/x`))).toMatchObject({ status: "NOT_FOUND" });
  const tcp = await ssh.connectTcp("127.0.0.1", sshd.port);
  for await (const chunk of tcp) {
    expect(String(chunk)).toMatch(/^SSH-2\.0-/);
    break;
  }
  const abort = new AbortController();
  const running = await ssh.exec("cat", { signal: abort.signal });
  abort.abort();
  expect(await failure(running.exit)).toMatchObject({ status: "CANCELLED" });
  const last = await ssh.exec("cat");
  await client.close();
  expect(await failure(last.exit)).toMatchObject({ status: "UNAVAILABLE" });
  expect(await failure(ssh.run("true"))).toMatchObject({ status: "UNAVAILABLE" });
});

itWith(STOCK, "the client's plain SSH over the ssh program fails with the reason of ssh", async () => {
  const sshd = await startStdioSshd();
  const { address, key, knownHosts } = sshd;
  const common = { identity: key.file, knownHosts, agent: false, sshConfig: false, transport: "openssh" } as const;
  const client = await connect(address, common);
  onTestFinished(() => client.close());
  sshd.process.kill("SIGTERM");
  await until("its end", () => sshd.process.exitCode !== null || sshd.process.signalCode !== null);
  const refused = {
    status: "UNAVAILABLE",
    message: expect.stringMatching(/connection refused by .*Connection refused/),
  };
  expect(await failure(client.ssh.run("true"))).toMatchObject(refused);
  expect(await failure((await client.ssh.exec("true")).exit)).toMatchObject(refused);
});
