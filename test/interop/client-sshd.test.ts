import { spawn, spawnSync } from "node:child_process";
import { appendFileSync, readFileSync, renameSync, statSync } from "node:fs";
import type { HostKeyInfo } from "sshrpc/client";
import { expect, onTestFinished } from "vitest";
import { copyKey, takeKey } from "../fixtures/keys.js";
import { rounds } from "../rounds.js";
import { failure, freePort, makeKey, startBench, tempDir, write } from "../unit/runtime/ssh/support.js";
import { certify, ECHO, open, reaches, startAgent } from "./client.js";
import { startDeviceAgent } from "./device-agent.js";
import { run } from "./run.js";
import { SSHD, startSshd, USER } from "./sshd.js";
import { itWith } from "./stock.js";

const read = (file: string) => readFileSync(file, "utf8").trim();

itWith([SSHD, "ssh-keygen"], "authenticates to sshd with every key type", async () => {
  const files = [
    takeKey("ed25519", "ed25519"),
    takeKey("rsa-2048", "rsa"),
    takeKey("ecdsa-256", "ecdsa256"),
    takeKey("ecdsa-384", "ecdsa384"),
    takeKey("ecdsa-521", "ecdsa521"),
  ];
  const authorizedKeys = () => files.map((file) => read(`${file}.pub`));
  const sshd = await startSshd({ config: [ECHO], authorizedKeys });
  for (const identity of files) await reaches(sshd.address, { identity, knownHosts: sshd.knownHosts });
  await expect.poll(sshd.log).toMatch(/Accepted publickey .* RSA SHA256:/);
  const strict = await startSshd({ config: [ECHO, "PubkeyAcceptedAlgorithms rsa-sha2-512"], authorizedKeys });
  await reaches(strict.address, { identity: files[1] as string, knownHosts: strict.knownHosts });
});

itWith([SSHD, "ssh-keygen"], "never signs with RSA and SHA-1, also if a server accepts nothing else", async () => {
  const identity = takeKey("rsa-2048", "rsa");
  const config = [ECHO, "PubkeyAcceptedAlgorithms ssh-rsa"];
  const sshd = await startSshd({ config, authorizedKeys: () => [read(`${identity}.pub`)] });
  const error = await failure(open(sshd.address, { identity, knownHosts: sshd.knownHosts }));
  expect(error).toMatchObject({ status: "UNAUTHENTICATED" });
  await expect.poll(sshd.log).toMatch(/signature algorithm rsa-sha2-512 not in PubkeyAcceptedAlgorithms/);
});

itWith(
  [SSHD, "ssh-keygen", "ssh-agent"],
  "offers certificates of every key type, from files and from an agent",
  async () => {
    const authority = takeKey("ed25519", "ca");
    const files = [takeKey("ed25519"), takeKey("rsa-2048"), takeKey("ecdsa-384")];
    const apart = takeKey("ed25519", "apart");
    for (const file of [...files, apart]) await certify(authority, file, "-I", "an id", "-n", USER);
    const config = [ECHO, `TrustedUserCAKeys ${authority}.pub`];
    const sshd = await startSshd({ config, authorizedKeys: () => [] });
    const { knownHosts } = sshd;
    for (const identity of files) await reaches(sshd.address, { identity, knownHosts });
    const [, rsa = ""] = files;
    const agent = await startAgent(rsa);
    await reaches(sshd.address, { agent, knownHosts });
    // The key is only in the agent, the certificate only in a file.
    const keyOnly = await startAgent(apart);
    const certificate = `${tempDir()}/apart-cert.pub`;
    renameSync(`${apart}-cert.pub`, certificate);
    await reaches(sshd.address, { agent: keyOnly, certificate, knownHosts });
    await expect.poll(sshd.log).toMatch(/Accepted certificate ID "an id"|Accepted publickey .*-CERT .* ID an id/);
    const plain = makeKey(tempDir(), "plain").file;
    expect(await failure(open(sshd.address, { identity: plain, knownHosts }))).toMatchObject({
      status: "UNAUTHENTICATED",
    });
  },
);

itWith([SSHD], "signs with a FIDO key of an agent", async () => {
  const device = await startDeviceAgent();
  const sshd = await startSshd({ config: [ECHO], authorizedKeys: () => [device.line] });
  await reaches(sshd.address, { agent: device.socket, knownHosts: sshd.knownHosts });
  await expect.poll(sshd.log).toMatch(/Accepted publickey .* ED25519-SK/);
});

itWith(
  [SSHD, "ssh-keygen", "ssh-agent"],
  "offers only the named keys of an agent, which signs for an encrypted file",
  async () => {
    const many = Array.from({ length: 8 }, (_, index) => takeKey("ed25519", `other${index}`));
    const [mine, encrypted] = [copyKey("ed25519-RFC4716", "mine"), copyKey("ed25519-RFC4716-encrypted", "mine")];
    const agent = await startAgent(...many, mine);
    const sshd = await startSshd({ config: [ECHO, "MaxAuthTries 3"], authorizedKeys: () => [read(`${mine}.pub`)] });
    const { knownHosts } = sshd;
    expect((await failure(open(sshd.address, { agent, knownHosts }))).message).toMatch(/closed the connection during/);
    await reaches(sshd.address, { agent, identity: encrypted, knownHosts });
    // The private key may be only in the agent.
    const elsewhere = write(tempDir(), "mine.pub", read(`${mine}.pub`), 0o644);
    await reaches(sshd.address, { agent, identity: elsewhere, knownHosts });
    await reaches(sshd.address, { agent, identity: elsewhere.replace(".pub", ""), knownHosts });
    const alone = await failure(open(sshd.address, { identity: elsewhere, knownHosts }));
    expect(alone.message).toBe(
      `identity ${elsewhere}: a public key; name the private key, the file without .pub, or add that to the agent`,
    );
    expect((await failure(open(sshd.address, { identity: encrypted, knownHosts }))).message).toBe(
      `identity ${encrypted} is encrypted: set the option passphrase, or add the key to the agent with ssh-add`,
    );
  },
);

itWith([SSHD, "ssh-keygen"], "continues after an accepted key, if sshd requires a second one", async () => {
  const [first, second] = [takeKey("ed25519", "first"), takeKey("ecdsa-256", "second")];
  const config = [ECHO, "AuthenticationMethods publickey,publickey"];
  const sshd = await startSshd({ config, authorizedKeys: () => [first, second].map((file) => read(`${file}.pub`)) });
  const { knownHosts } = sshd;
  await reaches(sshd.address, { identity: [first, second], knownHosts });
  const { message } = await failure(open(sshd.address, { identity: [first], knownHosts }));
  expect(message).toMatch(/the server accepted SHA256:\S+ \(.*first\), and also requires publickey/);
});

itWith([SSHD, "ssh-keygen"], "requests the known host key of those that sshd has", async () => {
  const rsa = takeKey("rsa-2048", "host_rsa");
  const ecdsa = takeKey("ecdsa-521", "host_ecdsa");
  const sshd = await startSshd({ config: [ECHO, `HostKey ${rsa}`, `HostKey ${ecdsa}`] });
  const name = `[127.0.0.1]:${sshd.port}`;
  for (const file of [rsa, ecdsa]) {
    const [type, base64] = read(`${file}.pub`).split(" ");
    const knownHosts = write(tempDir(), "known_hosts", `${name} ${type} ${base64}\n`);
    await reaches(sshd.address, { identity: sshd.key.file, knownHosts });
  }
  // As in ssh, a key of the host without a port is trusted for every port.
  const [type, base64] = read(`${rsa}.pub`).split(" ");
  const portless = write(tempDir(), "known_hosts", `127.0.0.1 ${type} ${base64}\n`);
  await reaches(sshd.address, { identity: sshd.key.file, knownHosts: portless });
  const alias = write(tempDir(), "known_hosts", `the-alias ${type} ${base64}\n`);
  await reaches(sshd.address, { identity: sshd.key.file, knownHosts: alias, hostKeyAlias: "the-alias" });
});

itWith([SSHD, "ssh-keygen"], "connects to an sshd with only an RSA host key", async () => {
  const rsa = takeKey("rsa-3072", "host_rsa");
  const sshd = await startSshd({ config: [ECHO, "HostKeyAlgorithms rsa-sha2-256", `HostKey ${rsa}`] });
  const [type, base64] = read(`${rsa}.pub`).split(" ");
  const knownHosts = write(tempDir(), "known_hosts", `[127.0.0.1]:${sshd.port} ${type} ${base64}\n`);
  await reaches(sshd.address, { identity: sshd.key.file, knownHosts });
});

itWith(
  [SSHD, "ssh"],
  "adds a new host to known_hosts in the format of ssh, plain or hashed, and rejects a changed key",
  async () => {
    const sshd = await startSshd({ config: [ECHO] });
    const identity = sshd.key.file;
    for (const hashKnownHosts of [false, true]) {
      const directory = `${tempDir()}/.ssh`;
      const knownHosts = `${directory}/known_hosts`;
      const options = { identity, knownHosts, hostKey: "accept-new", hashKnownHosts } as const;
      await Promise.all([reaches(sshd.address, options), reaches(sshd.address, options)]);
      expect(statSync(knownHosts).mode & 0o777).toBe(0o600);
      expect(statSync(directory).mode & 0o777).toBe(0o700);
      const lines = read(knownHosts).split("\n");
      expect(lines).toHaveLength(1);
      expect(lines[0]?.startsWith("|1|")).toBe(hashKnownHosts);
      const args = ["-F", "none", "-o", "BatchMode=yes", "-o", `UserKnownHostsFile=${knownHosts}`, "-i", identity];
      args.push("-o", "GlobalKnownHostsFile=none", "-o", "StrictHostKeyChecking=yes", "-o", "IdentityAgent=none");
      const { stdout } = await run("ssh", [...args, "-p", String(sshd.port), `${USER}@127.0.0.1`, "echo hello"]);
      expect(stdout).toBe("hello\n");
      const other = makeKey(tempDir(), "other").line;
      const changed = write(directory, "changed", `[127.0.0.1]:${sshd.port} ${other}`);
      const refused = await failure(open(sshd.address, { ...options, knownHosts: changed }));
      expect(refused.message).toMatch(/^HOST KEY CHANGED: /);
      expect(read(changed)).toBe(`[127.0.0.1]:${sshd.port} ${other}`);
    }
  },
);

itWith([SSHD], "calls a function once for an unknown host key, and applies its decision", async () => {
  const sshd = await startSshd({ config: [ECHO, "RekeyLimit 1M"] });
  const identity = sshd.key.file;
  const asked: HostKeyInfo[] = [];
  const ask =
    (answer: boolean | "save", delay = 0) =>
    async (info: HostKeyInfo) => {
      asked.push(info);
      await new Promise((resolve) => setTimeout(resolve, delay));
      return answer;
    };
  const knownHosts = write(tempDir(), "known_hosts", "# empty, and without an end");
  const refused = await failure(open(sshd.address, { identity, knownHosts, hostKey: ask(false) }));
  expect(refused).toMatchObject({
    status: "UNAUTHENTICATED",
    message: expect.stringMatching(/\(rejected by the option hostKey\)$/),
  });
  // The user name is not sent before.
  expect(sshd.log()).not.toMatch(/userauth|Postponed|Failed/);
  const { port } = sshd;
  const line = `[127.0.0.1]:${port} ${sshd.hostKey.line}`;
  const { fingerprint, type: keyType } = sshd.hostKey.publicKey;
  expect(asked).toEqual([{ host: "127.0.0.1", port, keyType, fingerprint, line, reason: "unknown" }]);
  // The decision may exceed the connect timeout; the server rekeys a few times.
  await reaches(sshd.address, { identity, knownHosts, hostKey: ask(true, 5500), connectTimeout: 5000 }, 5_000_000);
  expect(asked).toHaveLength(2);
  expect(read(knownHosts)).toBe("# empty, and without an end");
  await reaches(sshd.address, { identity, knownHosts, hostKey: ask("save") });
  expect(read(knownHosts)).toBe(`# empty, and without an end\n${line}`);
  await reaches(sshd.address, { identity, knownHosts, hostKey: ask(false) });
  expect(asked).toHaveLength(3);
  const failing = { identity, knownHosts: [], hostKey: () => Promise.reject(new Error("no terminal")) };
  expect((await failure(open(sshd.address, failing))).message).toMatch(/^the option hostKey failed \(no terminal\)/);
});

itWith([SSHD], "continues while sshd rekeys repeatedly", async () => {
  const sshd = await startSshd({ config: [ECHO, "RekeyLimit 512K"] });
  await reaches(sshd.address, { identity: sshd.key.file, knownHosts: sshd.knownHosts }, rounds(40) * 500_000);
});

itWith([SSHD], "connects through jump hosts, and verifies each host key", async () => {
  const hops = [await startSshd(), await startSshd({ config: ["AllowTcpForwarding no"] }), await startSshd()] as const;
  const last = await startSshd({ config: [ECHO] });
  const all = [...hops, last];
  const knownHosts = write(tempDir(), "known_hosts", all.map((one) => read(one.knownHosts)).join("\n"));
  const identity = all.map(({ key }) => key.file);
  const [first, closed, second] = hops;
  await reaches(last.address, { identity, knownHosts, jump: first.address });
  await reaches(last.address, { identity, knownHosts, jump: [first.address, second.address] }, 3_000_000);
  await expect.poll(second.log).toMatch(/Accepted publickey/);
  await expect.poll(() => second.log()).toMatch(/Connection closed|Disconnected/);

  const refused = await failure(open(last.address, { identity, knownHosts, jump: closed.address }));
  expect(refused.message).toMatch(
    new RegExp(
      `^jump host: ssh://${USER}@127.0.0.1:${closed.port} cannot connect to 127.0.0.1:${last.port}: open failed$`,
    ),
  );
  const known = write(tempDir(), "known_hosts", read(last.knownHosts));
  const unknown = await failure(open(last.address, { identity, knownHosts: known, jump: first.address }));
  expect(unknown.message).toMatch(new RegExp(`^jump host: unknown host key: 127.0.0.1:${first.port} offers`));
  const locked = await failure(open(last.address, { identity: last.key.file, knownHosts, jump: first.address }));
  expect(locked).toMatchObject({ status: "UNAUTHENTICATED" });
  expect(locked.message).toMatch(new RegExp(`^jump host: ssh://${USER}@127.0.0.1:${first.port} accepts none`));
  const pinned = { identity, knownHosts, jump: first.address, hostKey: last.hostKey.publicKey.fingerprint };
  await reaches(last.address, pinned);
  const refusedPort = await failure(open("ssh://other@127.0.0.1:1", { identity, knownHosts, jump: first.address }));
  expect(refusedPort.message).toMatch(/cannot connect to 127.0.0.1:1: /);
  expect((await failure(open("edge", { jump: "no host" }))).message).toMatch(/^invalid address "no host":/);
});

itWith([SSHD], "connects to an sshrpc server behind a jump host, and not through an sshrpc server", async () => {
  const hop = await startSshd();
  const bench = await startBench();
  const knownHosts = write(tempDir(), "known_hosts", `${read(hop.knownHosts)}\n${read(bench.knownHosts)}\n`);
  const identity = [hop.key.file, bench.alice.file];
  await reaches(bench.address, { identity, knownHosts, jump: hop.address }, 5_000_000);
  expect(bench.accepted[0]?.peer.fingerprint).toBe(bench.alice.publicKey.fingerprint);
  // An sshrpc server forwards nothing by default.
  const closed = await failure(open(hop.address, { identity, knownHosts, jump: bench.address }));
  expect(closed.message).toMatch(
    /^jump host: ssh:\/\/alice@127\.0\.0\.1:\d+ cannot connect to 127\.0\.0\.1:\d+: not permitted/,
  );
});

itWith([SSHD, "ps"], "reports a killed jump host at once", async () => {
  const hop = await startSshd();
  const last = await startSshd({ config: [ECHO] });
  const knownHosts = write(tempDir(), "known_hosts", `${read(hop.knownHosts)}\n${read(last.knownHosts)}\n`);
  const duplex = await open(last.address, { identity: [hop.key.file, last.key.file], knownHosts, jump: hop.address });
  const lost = new Promise<Error>((resolve) => duplex.once("error", resolve));
  const { stdout } = spawnSync("ps", ["-o", "pid=", "--ppid", String(hop.process.pid)], { encoding: "utf8" });
  for (const pid of stdout.trim().split(/\s+/)) process.kill(Number(pid), "SIGKILL");
  expect((await lost).message).toMatch(/was lost/);
});

itWith([SSHD, "ssh"], "applies ~/.ssh/config, and options take precedence", async () => {
  const hop = await startSshd();
  const last = await startSshd({ config: [ECHO] });
  const directory = tempDir();
  const hopKnown = write(directory, "hop_known", read(hop.knownHosts));
  const alias = write(directory, "alias_known", `the-edge ${last.hostKey.line}\n`);
  const config = write(
    directory,
    "config",
    `
Host edge
  HostName 127.0.0.1
  Port ${last.port}
  User ${USER}
  IdentityFile ${directory}/missing
  IdentityFile ${last.key.file}
  IdentitiesOnly yes
  HostKeyAlias the-edge
  UserKnownHostsFile ${alias}
  ProxyJump bastion
Host bastion
  HostName 127.0.0.1
  User ${USER}
  Port ${hop.port}
  IdentityFile ${hop.key.file}
  UserKnownHostsFile ${hopKnown}
Host circle
  ProxyJump circle2
Host circle2
  ProxyJump circle
Match host *
  IdentityAgent none
`,
  );
  await reaches("ssh://edge", { sshConfig: config });
  const logins = () => hop.log().match(/Accepted publickey/g)?.length;
  await expect.poll(logins).toBe(1);
  await reaches("edge", { sshConfig: config, jump: [] });
  expect(logins()).toBe(1);
  const elsewhere = await failure(open("edge:1", { sshConfig: config, jump: [] }));
  expect(elsewhere.message).toMatch(/^connection refused by 127.0.0.1:1: /);
  const other = makeKey(directory, "other").file;
  const refused = await failure(open("other@edge", { sshConfig: config, jump: [], identity: other }));
  expect(refused.message).toMatch(/^ssh:\/\/other@127.0.0.1:\d+ accepts none of these keys: SHA256:\S+ \(.*other\);/);
  expect((await failure(open("circle", { sshConfig: config }))).message).toMatch(
    /more than 8 hosts: does ProxyJump form a loop/,
  );
  appendFileSync(config, "Nonsense yes\n");
  const broken = await failure(open("edge", { sshConfig: config }));
  expect(broken).toMatchObject({ status: "UNAVAILABLE" });
  expect(broken.message).toMatch(
    /^the ssh configuration of edge cannot be read: .*Bad configuration option.*sshConfig/,
  );
});

itWith(
  ["dropbear", "dropbearkey", "dropbearconvert"],
  "negotiates algorithms with dropbear, and verifies its host key",
  async () => {
    const directory = tempDir();
    const host = takeKey("ecdsa-256", "host");
    await run("dropbearconvert", ["openssh", "dropbear", host, `${directory}/host`]);
    const port = await freePort();
    const server = spawn("dropbear", [
      "-F",
      "-E",
      "-w",
      "-p",
      `127.0.0.1:${port}`,
      "-r",
      `${directory}/host`,
      "-P",
      // dropbear removes this file when it exits.
      `${directory}/pid`,
    ]);
    onTestFinished(() => void server.kill());
    const [type, base64] = read(`${host}.pub`).split(" ");
    const knownHosts = write(directory, "known_hosts", `[127.0.0.1]:${port} ${type} ${base64}\n`);
    const identity = takeKey("rsa-2048", "rsa");
    const login = () => failure(open(`ssh://daemon@127.0.0.1:${port}`, { identity, knownHosts }));
    await expect
      .poll(async () => (await login()).message, { interval: 100 })
      .toMatch(/accepts none of these keys: SHA256:/);
    expect((await failure(open(`ssh://daemon@127.0.0.1:${port}`, { identity, knownHosts: [] }))).message).toMatch(
      /^unknown host key: .* offers the ecdsa-sha2-nistp256 key SHA256:/,
    );
  },
);
