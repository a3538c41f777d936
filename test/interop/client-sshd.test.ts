import { spawn, spawnSync } from "node:child_process";
import { appendFileSync, copyFileSync, readFileSync, statSync } from "node:fs";
import { expect, onTestFinished } from "vitest";
import type { HostKeyQuestion } from "../../runtime/src/ssh/client/trust/host-trust-options.js";
import { failure, freePort, makeKey, startBench, tempDir, write } from "../unit/runtime/ssh/support.js";
import { ECHO, keygen, open, reaches, startAgent } from "./client.js";
import { startDeviceAgent } from "./device-agent.js";
import { run } from "./run.js";
import { SSHD, startSshd, USER } from "./sshd.js";
import { itWith } from "./stock.js";

const read = (file: string) => readFileSync(file, "utf8").trim();

itWith([SSHD, "ssh-keygen"], "logs in to sshd with every type of key", async () => {
  const files = [
    keygen("ed25519", "-t", "ed25519"),
    keygen("rsa", "-t", "rsa", "-b", "2048"),
    keygen("ecdsa256", "-t", "ecdsa", "-b", "256"),
    keygen("ecdsa384", "-t", "ecdsa", "-b", "384"),
    keygen("ecdsa521", "-t", "ecdsa", "-b", "521"),
  ];
  const authorizedKeys = () => files.map((file) => read(`${file}.pub`));
  const sshd = await startSshd({ config: [ECHO], authorizedKeys });
  for (const identity of files) await reaches(sshd.address, { identity, knownHosts: sshd.knownHosts });
  await expect.poll(sshd.log).toMatch(/Accepted publickey .* RSA SHA256:/);
  const strict = await startSshd({ config: [ECHO, "PubkeyAcceptedAlgorithms rsa-sha2-512"], authorizedKeys });
  await reaches(strict.address, { identity: files[1] as string, knownHosts: strict.knownHosts });
});

itWith([SSHD, "ssh-keygen"], "never signs with RSA and SHA-1, also where a server takes nothing else", async () => {
  const identity = keygen("rsa", "-t", "rsa", "-b", "2048");
  const config = [ECHO, "PubkeyAcceptedAlgorithms ssh-rsa"];
  const sshd = await startSshd({ config, authorizedKeys: () => [read(`${identity}.pub`)] });
  const error = await failure(open(sshd.address, { identity, knownHosts: sshd.knownHosts }));
  expect(error).toMatchObject({ status: "UNAUTHENTICATED" });
  await expect.poll(sshd.log).toMatch(/signature algorithm rsa-sha2-512 not in PubkeyAcceptedAlgorithms/);
});

itWith(
  [SSHD, "ssh-keygen", "ssh-agent"],
  "shows certificates of every type of key, from files and from an agent",
  async () => {
    const authority = keygen("ca", "-t", "ed25519");
    const certify = (file: string) => {
      spawnSync("ssh-keygen", ["-q", "-s", authority, "-I", "an id", "-n", USER, `${file}.pub`]);
      return file;
    };
    const files = [
      certify(keygen("ed25519", "-t", "ed25519")),
      certify(keygen("rsa", "-t", "rsa", "-b", "2048")),
      certify(keygen("ecdsa", "-t", "ecdsa", "-b", "384")),
    ];
    const config = [ECHO, `TrustedUserCAKeys ${authority}.pub`];
    const sshd = await startSshd({ config, authorizedKeys: () => [] });
    const { knownHosts } = sshd;
    for (const identity of files) await reaches(sshd.address, { identity, knownHosts });
    const [, rsa = ""] = files;
    const agent = await startAgent(rsa);
    await reaches(sshd.address, { agent, knownHosts });
    // The key is in the agent alone, the certificate in a file alone.
    const apart = keygen("apart", "-t", "ed25519");
    const keyOnly = await startAgent(apart);
    const certificate = `${tempDir()}/apart-cert.pub`;
    certify(apart);
    copyFileSync(`${apart}-cert.pub`, certificate);
    await reaches(sshd.address, { agent: keyOnly, certificate, knownHosts });
    await expect.poll(sshd.log).toMatch(/Accepted certificate ID "an id"|Accepted publickey .*-CERT .* ID an id/);
    const plain = makeKey(tempDir(), "plain").file;
    expect(await failure(open(sshd.address, { identity: plain, knownHosts }))).toMatchObject({
      status: "UNAUTHENTICATED",
    });
  },
);

itWith([SSHD], "lets an agent's FIDO key sign", async () => {
  const device = await startDeviceAgent();
  const sshd = await startSshd({ config: [ECHO], authorizedKeys: () => [device.line] });
  await reaches(sshd.address, { agent: device.socket, knownHosts: sshd.knownHosts });
  await expect.poll(sshd.log).toMatch(/Accepted publickey .* ED25519-SK/);
});

itWith(
  [SSHD, "ssh-keygen", "ssh-agent"],
  "offers of an agent only what is named, and lets it sign for a locked file",
  async () => {
    const many = Array.from({ length: 8 }, (_, index) => keygen(`other${index}`, "-t", "ed25519"));
    const mine = keygen("mine", "-t", "ed25519");
    const agent = await startAgent(...many, mine);
    const sshd = await startSshd({ config: [ECHO, "MaxAuthTries 3"], authorizedKeys: () => [read(`${mine}.pub`)] });
    const { knownHosts } = sshd;
    expect((await failure(open(sshd.address, { agent, knownHosts }))).message).toMatch(/ended the connection during/);
    spawnSync("ssh-keygen", ["-q", "-p", "-N", "a passphrase that nobody gives", "-f", mine]);
    await reaches(sshd.address, { agent, identity: mine, knownHosts });
    // The private half need not be here at all.
    const elsewhere = write(tempDir(), "mine.pub", read(`${mine}.pub`), 0o644);
    await reaches(sshd.address, { agent, identity: elsewhere, knownHosts });
    await reaches(sshd.address, { agent, identity: elsewhere.replace(".pub", ""), knownHosts });
    const alone = await failure(open(sshd.address, { identity: elsewhere, knownHosts }));
    expect(alone.message).toBe(
      `identity ${elsewhere} is a public key: name the private one, the file without .pub, or load that into the agent`,
    );
    expect((await failure(open(sshd.address, { identity: mine, knownHosts }))).message).toBe(
      `identity ${mine} is encrypted: give its passphrase, or load it into the agent with ssh-add`,
    );
  },
);

itWith([SSHD, "ssh-keygen"], "goes on after a key that was accepted, where sshd wants another one too", async () => {
  const [first, second] = [keygen("first", "-t", "ed25519"), keygen("second", "-t", "ecdsa")];
  const config = [ECHO, "AuthenticationMethods publickey,publickey"];
  const sshd = await startSshd({ config, authorizedKeys: () => [first, second].map((file) => read(`${file}.pub`)) });
  const { knownHosts } = sshd;
  await reaches(sshd.address, { identity: [first, second], knownHosts });
  const { message } = await failure(open(sshd.address, { identity: [first], knownHosts }));
  expect(message).toMatch(/it accepted SHA256:\S+ \(.*first\), and wants more: publickey/);
});

itWith([SSHD, "ssh-keygen"], "asks for the host key that is known, of those that sshd has", async () => {
  const rsa = keygen("host_rsa", "-t", "rsa", "-b", "2048");
  const ecdsa = keygen("host_ecdsa", "-t", "ecdsa", "-b", "521");
  const sshd = await startSshd({ config: [ECHO, `HostKey ${rsa}`, `HostKey ${ecdsa}`] });
  const name = `[127.0.0.1]:${sshd.port}`;
  for (const file of [rsa, ecdsa]) {
    const [type, base64] = read(`${file}.pub`).split(" ");
    const knownHosts = write(tempDir(), "known_hosts", `${name} ${type} ${base64}\n`);
    await reaches(sshd.address, { identity: sshd.key.file, knownHosts });
  }
  // The key of the host without its port is good for every port of it, as ssh has it.
  const [type, base64] = read(`${rsa}.pub`).split(" ");
  const portless = write(tempDir(), "known_hosts", `127.0.0.1 ${type} ${base64}\n`);
  await reaches(sshd.address, { identity: sshd.key.file, knownHosts: portless });
  const alias = write(tempDir(), "known_hosts", `the-alias ${type} ${base64}\n`);
  await reaches(sshd.address, { identity: sshd.key.file, knownHosts: alias, hostKeyAlias: "the-alias" });
});

itWith([SSHD, "ssh-keygen"], "talks to an sshd that has an RSA host key alone", async () => {
  const rsa = keygen("host_rsa", "-t", "rsa", "-b", "3072");
  const sshd = await startSshd({ config: [ECHO, "HostKeyAlgorithms rsa-sha2-256", `HostKey ${rsa}`] });
  const [type, base64] = read(`${rsa}.pub`).split(" ");
  const knownHosts = write(tempDir(), "known_hosts", `[127.0.0.1]:${sshd.port} ${type} ${base64}\n`);
  await reaches(sshd.address, { identity: sshd.key.file, knownHosts });
});

itWith(
  [SSHD, "ssh"],
  "adds a new host to known_hosts so that ssh knows it too, plain or hashed, and refuses a changed one",
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

itWith([SSHD], "leaves the decision on a host key to a function, asks it once, and keeps what it says", async () => {
  const sshd = await startSshd({ config: [ECHO, "RekeyLimit 1M"] });
  const identity = sshd.key.file;
  const asked: HostKeyQuestion[] = [];
  const ask =
    (answer: boolean | "save", delay = 0) =>
    async (question: HostKeyQuestion) => {
      asked.push(question);
      await new Promise((resolve) => setTimeout(resolve, delay));
      return answer;
    };
  const knownHosts = write(tempDir(), "known_hosts", "# empty, and without an end");
  const refused = await failure(open(sshd.address, { identity, knownHosts, hostKey: ask(false) }));
  expect(refused).toMatchObject({
    status: "UNAUTHENTICATED",
    message: expect.stringMatching(/refused by the option hostKey/),
  });
  // Nothing was said about the user before that.
  expect(sshd.log()).not.toMatch(/userauth|Postponed|Failed/);
  const { port } = sshd;
  const line = `[127.0.0.1]:${port} ${sshd.hostKey.line}`;
  const { fingerprint, type: keyType } = sshd.hostKey.publicKey;
  expect(asked).toEqual([{ host: "127.0.0.1", port, keyType, fingerprint, line, reason: "unknown" }]);
  // It may take longer than the connection may; and the server changes its keys a few times.
  await reaches(sshd.address, { identity, knownHosts, hostKey: ask(true, 5500), connectTimeout: 5000 }, 5_000_000);
  expect(asked).toHaveLength(2);
  expect(read(knownHosts)).toBe("# empty, and without an end");
  await reaches(sshd.address, { identity, knownHosts, hostKey: ask("save") });
  expect(read(knownHosts)).toBe(`# empty, and without an end\n${line}`);
  await reaches(sshd.address, { identity, knownHosts, hostKey: ask(false) });
  expect(asked).toHaveLength(3);
  const failing = { identity, knownHosts: [], hostKey: () => Promise.reject(new Error("nobody is here")) };
  expect((await failure(open(sshd.address, failing))).message).toMatch(/^the option hostKey failed \(nobody is here\)/);
});

itWith([SSHD], "goes on while sshd changes the keys again and again", async () => {
  const sshd = await startSshd({ config: [ECHO, "RekeyLimit 512K"] });
  await reaches(sshd.address, { identity: sshd.key.file, knownHosts: sshd.knownHosts }, 20_000_000);
});

itWith([SSHD], "goes through jump hosts, and checks each one's key", async () => {
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
    new RegExp(`^jump host: ssh://${USER}@127.0.0.1:${closed.port} does not connect to 127.0.0.1:${last.port}: `),
  );
  const known = write(tempDir(), "known_hosts", read(last.knownHosts));
  const unknown = await failure(open(last.address, { identity, knownHosts: known, jump: first.address }));
  expect(unknown.message).toMatch(new RegExp(`^jump host: unknown host: 127.0.0.1:${first.port} offers`));
  const locked = await failure(open(last.address, { identity: last.key.file, knownHosts, jump: first.address }));
  expect(locked).toMatchObject({ status: "UNAUTHENTICATED" });
  expect(locked.message).toMatch(new RegExp(`^jump host: ssh://${USER}@127.0.0.1:${first.port} accepts none`));
  const pinned = { identity, knownHosts, jump: first.address, hostKey: last.hostKey.publicKey.fingerprint };
  await reaches(last.address, pinned);
  const nobody = await failure(open("ssh://nobody@127.0.0.1:1", { identity, knownHosts, jump: first.address }));
  expect(nobody.message).toMatch(/does not connect to 127.0.0.1:1: /);
  expect((await failure(open("edge", { jump: "no host" }))).message).toMatch(/^invalid address "no host":/);
});

itWith([SSHD], "reaches a server of ours behind a jump host, and not what lies behind one of ours", async () => {
  const hop = await startSshd();
  const bench = await startBench();
  const knownHosts = write(tempDir(), "known_hosts", `${read(hop.knownHosts)}\n${read(bench.knownHosts)}\n`);
  const identity = [hop.key.file, bench.alice.file];
  await reaches(bench.address, { identity, knownHosts, jump: hop.address }, 5_000_000);
  expect(bench.accepted[0]?.peer.fingerprint).toBe(bench.alice.publicKey.fingerprint);
  // Our servers forward nothing by default.
  const closed = await failure(open(hop.address, { identity, knownHosts, jump: bench.address }));
  expect(closed.message).toMatch(/^jump host: ssh:\/\/alice@127\.0\.0\.1:\d+ does not connect to 127\.0\.0\.1:\d+: /);
});

itWith([SSHD, "ps"], "notices at once that a jump host was killed", async () => {
  const hop = await startSshd();
  const last = await startSshd({ config: [ECHO] });
  const knownHosts = write(tempDir(), "known_hosts", `${read(hop.knownHosts)}\n${read(last.knownHosts)}\n`);
  const duplex = await open(last.address, { identity: [hop.key.file, last.key.file], knownHosts, jump: hop.address });
  const lost = new Promise<Error>((resolve) => duplex.once("error", resolve));
  const { stdout } = spawnSync("ps", ["-o", "pid=", "--ppid", String(hop.process.pid)], { encoding: "utf8" });
  for (const pid of stdout.trim().split(/\s+/)) process.kill(Number(pid), "SIGKILL");
  expect((await lost).message).toMatch(/was lost/);
});

itWith([SSHD, "ssh"], "follows what ~/.ssh/config says of a host, and options count for more", async () => {
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
Host proxied
  ProxyCommand nc %h %p
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
  expect(elsewhere.message).toMatch(/nobody listens at 127.0.0.1:1 /);
  const other = makeKey(directory, "other").file;
  const refused = await failure(open("nobody@edge", { sshConfig: config, jump: [], identity: other }));
  expect(refused.message).toMatch(/^ssh:\/\/nobody@127.0.0.1:\d+ accepts none of these keys: SHA256:\S+ \(.*other\);/);
  expect((await failure(open("proxied", { sshConfig: config }))).message).toMatch(
    /a ProxyCommand.*protocol: "openssh"/,
  );
  expect((await failure(open("circle", { sshConfig: config }))).message).toMatch(/more than 8 hosts: is it a circle/);
  appendFileSync(config, "Nonsense yes\n");
  const broken = await failure(open("edge", { sshConfig: config }));
  expect(broken).toMatchObject({ status: "UNAVAILABLE" });
  expect(broken.message).toMatch(
    /^the ssh configuration of edge cannot be read: .*Bad configuration option.*sshConfig/,
  );
});

itWith(
  ["dropbear", "dropbearkey", "dropbearconvert"],
  "agrees with dropbear on algorithms, and checks its key",
  async () => {
    const directory = tempDir();
    const host = keygen("host", "-t", "ecdsa", "-b", "256");
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
      // It removes this file when it ends.
      `${directory}/pid`,
    ]);
    onTestFinished(() => void server.kill());
    const [type, base64] = read(`${host}.pub`).split(" ");
    const knownHosts = write(directory, "known_hosts", `[127.0.0.1]:${port} ${type} ${base64}\n`);
    const identity = keygen("rsa", "-t", "rsa", "-b", "2048");
    const login = () => failure(open(`ssh://nobody@127.0.0.1:${port}`, { identity, knownHosts }));
    await expect
      .poll(async () => (await login()).message, { interval: 100 })
      .toMatch(/accepts none of these keys: SHA256:/);
    expect((await failure(open(`ssh://nobody@127.0.0.1:${port}`, { identity, knownHosts: [] }))).message).toMatch(
      /^unknown host: .* offers the ecdsa-sha2-nistp256 key SHA256:/,
    );
  },
);
