import { spawn } from "node:child_process";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { expect, onTestFinished } from "vitest";
import { parseCertificate } from "../../runtime/src/ssh/keys/format/certificate.js";
import { KeyRevocationList } from "../../runtime/src/ssh/keys/format/krl.js";
import { type KeyType, takeKey } from "../fixtures/keys.js";
import { type Bench, type BenchOptions, makeKey, startBench, tempDir, write } from "../unit/runtime/ssh/support.js";
import { certify } from "./client.js";
import { startDeviceAgent } from "./device-agent.js";
import { type Outcome, run } from "./run.js";
import { serveNotesOverSsh } from "./served.js";
import { SSHD, sshOptions, startSshd, USER } from "./sshd.js";
import { itWith, PYTHON } from "./stock.js";

/** Runs the stock client with the files of the bench only. */
function ssh(bench: Bench, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return run("ssh", sshArguments(bench, args), "hello", env);
}

function sshArguments(bench: Bench, args: readonly string[]): string[] {
  const options = ["-F", "none", "-T", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"];
  options.push("-o", `UserKnownHostsFile=${bench.knownHosts}`, "-o", "StrictHostKeyChecking=yes");
  const address = ["-p", String(bench.listener.port), "alice@127.0.0.1", "-s", "sshrpc"];
  return [...args, ...options, ...address];
}

const withKey = (bench: Bench, file: string) => ssh(bench, ["-o", "BatchMode=yes", "-i", file]);

/** The reason of the last denial, from the log. */
const reason = ({ log }: Bench) => log.with("authentication refused").at(-1)?.fields["reason"];

/** A certificate authority. */
class Authority {
  readonly file: string;
  /** Its public key in the format of authorized_keys. */
  readonly line: string;

  constructor(type: KeyType = "ed25519") {
    this.file = takeKey(type, "ca");
    this.line = readFileSync(`${this.file}.pub`, "utf8").trim();
  }

  /** A key with a certificate beside it, made by `ssh-keygen -s` with these arguments. @returns the private key's file */
  async certify(args: readonly string[], type: KeyType = "ed25519"): Promise<string> {
    const file = takeKey(type, "user");
    await certify(this.file, file, "-I", "laptop 7", ...args);
    return file;
  }
}

async function startCertified(options: (authority: Authority, line: string) => BenchOptions) {
  const authority = new Authority();
  const { line } = authority;
  return { authority, line, bench: await startBench(options(authority, line)) };
}

const listed = (options = "") =>
  startCertified((_, line) => ({ authorizedKeys: { lines: [`cert-authority${options} ${line}`] } }));

const CERTIFIED = ["-n", "alice", "-z", "42", "-V", "-1m:+1h"];

itWith(["ssh", "ssh-keygen"], "ssh logs in with a certificate, whose fields the server has", async () => {
  const { authority, bench } = await listed(',scopes="notes:*"');
  const file = await authority.certify(["-n", "alice,bob", "-z", "42", "-V", "-1m:+1h"]);
  const { stdout, stderr } = await withKey(bench, file);
  expect(stdout, stderr).toBe("hello");
  const peer = bench.accepted[0]?.peer;
  expect(peer).toMatchObject({ user: "alice", keyName: "laptop 7", scopes: ["notes:*"], authMethods: ["publickey"] });
  expect(peer?.certificate).toMatchObject({ keyId: "laptop 7", serial: "42", principals: ["alice", "bob"] });
  expect([...(peer?.certificate?.extensions.keys() ?? [])]).toContain("permit-pty");
  expect(peer?.certificate?.validBefore).toBeGreaterThan(Date.now());
  expect(peer?.fingerprint).toMatch(/^SHA256:/);
  const [line] = bench.log.with("authenticated");
  expect(line?.fields).toMatchObject({ keyId: "laptop 7", serial: "42", fingerprint: peer?.fingerprint });
});

for (const type of ["ed25519", "rsa-2048", "ecdsa-256"] as const) {
  itWith(
    ["ssh", "ssh-keygen"],
    `ssh logs in with a certificate for a key of type ${type}, signed by one of type ${type}`,
    async () => {
      const authority = new Authority(type);
      const bench = await startBench({ certificateAuthorities: { lines: [authority.line] } });
      const { stdout, stderr } = await withKey(bench, await authority.certify(["-n", "alice"], type));
      expect(stdout, `${stderr} ${reason(bench)}`).toBe("hello");
      expect(bench.accepted[0]?.peer.certificate?.validBefore).toBeUndefined();
    },
  );
}

for (const [title, args, why] of [
  ["for another principal", ["-n", "bob"], "none of its principals is alice"],
  ["without a principal", [], "its list of principals is empty"],
  ["that expired", ["-n", "alice", "-V", "20200101:20200201"], /^it expired on 2020-0/],
  ["that is not valid yet", ["-n", "alice", "-V", "+1d:+2d"], /^it is not valid before /],
  ["with force-command", ["-n", "alice", "-O", "force-command=id"], /^force-command is not supported/],
  [
    "with another source-address",
    ["-n", "alice", "-O", "source-address=192.0.2.0/24"],
    /192\.0\.2\.0\/24 does not include 127\.0\.0\.1$/,
  ],
  [
    "with an unknown critical option",
    ["-n", "alice", "-O", "critical:moon@phase=full"],
    "unknown critical option moon@phase",
  ],
  [
    "signed by an RSA authority with SHA-1",
    ["-n", "alice", "-t", "ssh-rsa"],
    "invalid signature of its authority (SHA-1 is not accepted)",
  ],
] as const) {
  itWith(["ssh", "ssh-keygen"], `ssh is denied with a certificate ${title}, without a reason`, async () => {
    const authority = new Authority(title.includes("RSA") ? "rsa-2048" : "ed25519");
    const bench = await startBench({ authorizedKeys: { lines: [`cert-authority ${authority.line}`] } });
    const file = await authority.certify(args);
    const { stdout, stderr, status } = await withKey(bench, file);
    expect({ stdout, status }).toEqual({ stdout: "", status: 255 });
    expect(stderr).toMatch(/Permission denied \(publickey\)/);
    expect(bench.accepted).toEqual([]);
    const reasons = bench.log.with("authentication refused").map(({ fields }) => fields["reason"] as string);
    const expected = typeof why === "string" ? (text: string) => text === why : (text: string) => why.test(text);
    const prefix = "the certificate is not accepted: ";
    expect(
      reasons.some((text) => text.startsWith(prefix) && expected(text.slice(prefix.length))),
      String(reasons),
    ).toBe(true);
  });
}

itWith(["ssh", "ssh-keygen"], "ssh is denied with a certificate whose authority is listed as a plain key", async () => {
  const authority = new Authority();
  const bench = await startBench({ authorizedKeys: { lines: [authority.line] } });
  expect((await withKey(bench, await authority.certify(CERTIFIED))).status).toBe(255);
  const reasons = bench.log.with("authentication refused").map(({ fields }) => fields["reason"]);
  expect(reasons).toContain("the certificate is not accepted: its authority is not listed");
});

itWith(["ssh", "ssh-keygen"], "the source-address, principals and scopes of a certificate apply", async () => {
  const { authority, bench } = await listed(',principals="ops,readers",scopes="notes:*"');
  const file = await authority.certify([
    ...["-n", "readers", "-O", "source-address=127.0.0.0/8,::1/128", "-O", "clear"],
    ...["-O", "extension:scopes@sshrpc=notes:read,admin"],
  ]);
  expect((await withKey(bench, file)).stdout).toBe("hello");
  expect(bench.accepted[0]?.peer).toMatchObject({
    scopes: ["notes:read"],
    permissions: { pty: false, portForwarding: false },
  });
  expect((await withKey(bench, await authority.certify(["-n", "alice"]))).status).toBe(255);
});

itWith(["ssh", "ssh-keygen", SSHD], "certificates are accepted and denied as by a stock sshd", async () => {
  const authority = new Authority("rsa-2048");
  const line = `cert-authority,principals="ops,${USER}" ${authority.line}`;
  const sshd = await startSshd({ authorizedKeys: () => [line] });
  const bench = await startBench({ authorizedKeys: { lines: [line] } });
  const cases: Readonly<Record<string, readonly string[]>> = {
    good: ["-n", USER],
    "another principal that is listed": ["-n", "ops"],
    "several principals": ["-n", "x,y,ops"],
    "a principal that is not listed": ["-n", "dev"],
    "a principal of another case": ["-n", "OPS"],
    "a principal that is a pattern": ["-n", "*"],
    "no principal": [],
    expired: ["-n", "ops", "-V", "-2h:-1h"],
    "expired by a moment": ["-n", "ops", "-V", "-2h:-1s"],
    "not valid yet": ["-n", "ops", "-V", "+1h:+2h"],
    "valid for an hour": ["-n", "ops", "-V", "-1m:+1h"],
    "from here": ["-n", "ops", "-O", "source-address=127.0.0.1"],
    "from a network around here": ["-n", "ops", "-O", "source-address=10.0.0.0/8,127.0.0.0/8"],
    "from elsewhere": ["-n", "ops", "-O", "source-address=192.0.2.0/24,::1/128"],
    "an unknown critical option": ["-n", "ops", "-O", "critical:x@y=z"],
    "an unknown extension": ["-n", "ops", "-O", "extension:x@y=z"],
    "nothing permitted": ["-n", "ops", "-O", "clear"],
    "signed with SHA-1": ["-n", "ops", "-t", "ssh-rsa"],
    "signed with SHA-256": ["-n", "ops", "-t", "rsa-sha2-256"],
  };
  const theirs: Record<string, boolean> = {};
  const ours: Record<string, boolean> = {};
  for (const [title, args] of Object.entries(cases)) {
    const file = await authority.certify(args);
    const stock = sshOptions({ knownHosts: sshd.knownHosts, identity: file, port: sshd.port });
    theirs[title] = (await run("ssh", [...stock, `${USER}@127.0.0.1`, "true"])).status === 0;
    ours[title] = (await withKey(bench, file)).stdout === "hello";
  }
  expect(ours).toEqual(theirs);
  expect(Object.values(ours).filter(Boolean)).toHaveLength(9);
});

itWith(["ssh", "ssh-keygen"], "the scopes of a certificate authorize calls", async () => {
  const authority = new Authority();
  const lines = [`scopes="notes:*" ${authority.line}`];
  const { server, knownHosts } = await serveNotesOverSsh({ certificateAuthorities: { lines } });
  const call = (identity: string, ...command: string[]) =>
    run("ssh", [...sshOptions({ knownHosts, identity, port: server.port }), "alice@127.0.0.1", ...command]);
  const reader = await authority.certify(["-n", "alice", "-O", "extension:scopes@sshrpc=notes:read,admin"]);
  const writer = await authority.certify(["-n", "alice"]);
  const note = ["STORE", "/notes", `'{"text":"hi"}'`];
  expect(await call(reader, "GET", "/notes")).toMatchObject({ status: 0 });
  expect(await call(writer, ...note)).toMatchObject({ status: 0 });
  const { status, stderr } = await call(reader, ...note);
  expect(status).toBe(4);
  expect(JSON.parse(stderr)).toMatchObject({ status: "FORBIDDEN", code: 403 });
});

for (const [title, revoke] of [
  ["by its serial number", () => "serial: 40-50\n"],
  ["by its key id", () => "id: laptop 7\n"],
  ["by its key", (file: string) => `key: ${file}.pub\n`],
  ["by the hash of its key", (file: string) => `sha256: ${file}.pub\n`],
] as const) {
  itWith(["ssh", "ssh-keygen"], `a certificate is revoked ${title}, and its connection is closed`, async () => {
    const directory = tempDir();
    const revokedKeys = `${directory}/krl`;
    await run("ssh-keygen", ["-q", "-k", "-f", revokedKeys]);
    const { authority, bench } = await startCertified((_, line) => ({
      authorizedKeys: { lines: [`cert-authority ${line}`] },
      revokedKeys,
    }));
    const [revoked, good] = [
      await authority.certify(CERTIFIED),
      await authority.certify(["-n", "alice", "-I", "good"]),
    ];
    expect((await withKey(bench, revoked)).stdout).toBe("hello");
    const connected = await hold(bench, revoked);
    const spec = write(directory, "spec", await keyLines(revoke(revoked)));
    const made = await run("ssh-keygen", ["-q", "-k", "-u", "-f", revokedKeys, "-s", `${authority.file}.pub`, spec]);
    expect(made.status, made.stderr).toBe(0);
    expect((await withKey(bench, revoked)).status).toBe(255);
    expect(String(reason(bench))).toMatch(/is revoked$|is not listed$/);
    expect(
      bench.log.with("authentication refused").some(({ fields }) => /is revoked/.test(String(fields["reason"]))),
    ).toBe(true);
    expect((await withKey(bench, good)).stdout).toBe("hello");
    expect(await connected()).toBe(255);
    expect(bench.log.with("access revoked")).toHaveLength(1);
  });
}

itWith(["ssh-keygen"], "key revocation lists revoke what ssh-keygen -Q reports", async () => {
  const authority = new Authority();
  const directory = tempDir();
  const files: { name: string; blob: Buffer }[] = [];
  for (let serial = 1; serial <= 40; serial++) {
    const args = ["-n", "alice", "-z", String(serial ** 3), "-I", `id ${serial % 7}`];
    const file = await authority.certify(args);
    const blob = Buffer.from(readFileSync(`${file}-cert.pub`, "utf8").split(" ")[1] as string, "base64");
    files.push({ name: `${file}-cert.pub`, blob });
  }
  // Close numbers become bitmaps, wide ones lists and ranges.
  const serials = [1, 8, 27, 64, 125, 512, 1000, 8000, 9261].map((serial) => `serial: ${serial}`);
  const others = ["serial: 20000-30000", "id: id 3", await keyLines(`key: ${files[4]?.name.replace("-cert", "")}\n`)];
  const spec = write(directory, "spec", `${[...serials, ...others].join("\n")}\n`);
  const list = `${directory}/krl`;
  await run("ssh-keygen", ["-q", "-k", "-f", list, "-s", `${authority.file}.pub`, spec]);
  const { stdout } = await run("ssh-keygen", ["-Q", "-f", list, ...files.map(({ name }) => name)]);
  const theirs = stdout
    .trim()
    .split("\n")
    .map((line) => /: REVOKED$/.test(line));
  const krl = new KeyRevocationList(readFileSync(list));
  const ours = files.map(({ blob }) => {
    const certificate = parseCertificate(blob);
    return krl.revokes(certificate.key) || krl.revokes(certificate.authority) || krl.revokesCertificate(certificate);
  });
  expect(theirs).toHaveLength(40);
  expect(ours).toEqual(theirs);
  expect(new Set(theirs).size).toBe(2);
});

/** Logs in and stays connected; the returned function resolves with the exit status. */
async function hold(bench: Bench, file: string): Promise<() => Promise<number | null>> {
  const before = bench.accepted.length;
  const child = spawn("ssh", sshArguments(bench, ["-o", "BatchMode=yes", "-i", file]), {
    stdio: ["pipe", "ignore", "ignore"],
  });
  onTestFinished(() => void child.kill());
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  await expect.poll(() => bench.accepted.length).toBe(before + 1);
  return () => ended;
}

/** The specification for `ssh-keygen -k`, which takes keys in place of files. */
async function keyLines(spec: string): Promise<string> {
  const [, kind, file] = /^(key|sha256): (.*)\n$/.exec(spec) ?? [];
  if (file === undefined) return spec;
  return `${kind}: ${(await run("cat", [file])).stdout}`;
}

itWith(["ssh", "ssh-keygen"], "certificates of a revoked authority are denied", async () => {
  const directory = tempDir();
  const revokedKeys = write(directory, "revoked", "");
  const { authority, line, bench } = await startCertified((_, line) => ({
    certificateAuthorities: { lines: [line] },
    revokedKeys,
  }));
  const file = await authority.certify(CERTIFIED);
  expect((await withKey(bench, file)).stdout).toBe("hello");
  appendFileSync(revokedKeys, `# revoked\n${line} ca\n`);
  expect((await withKey(bench, file)).status).toBe(255);
  expect(bench.log.with("authentication refused").map(({ fields }) => fields["reason"])).toContain(
    "the authority is revoked",
  );
});

itWith(["ssh"], "ssh logs in with a security key of its agent", async () => {
  const { socket, line } = await startDeviceAgent();
  const bench = await startBench({ authorizedKeys: { lines: [`${line} yubi`] } });
  const args = ["-o", "BatchMode=yes", "-o", `IdentityAgent=${socket}`, "-o", "IdentitiesOnly=no", "-i", "none"];
  const { stdout, stderr } = await ssh(bench, args);
  expect(stdout, stderr).toBe("hello");
  expect(bench.accepted[0]?.peer).toMatchObject({ keyName: "yubi", authMethods: ["publickey"] });
  // The device does not verify its user, and the line requires that.
  const strict = await startBench({ authorizedKeys: { lines: [`verify-required ${line} yubi`] } });
  expect((await ssh(strict, args)).status).toBe(255);
});

itWith(["ssh"], "ssh logs in with a password, and is denied with a wrong one", async () => {
  const bench = await startBench({
    authorizedKeys: { lines: [makeKey(tempDir(), "other").line] },
    verifyPassword: ({ user, password }) =>
      user === "alice" && password === "open sesame" ? { scopes: ["notes:*"] } : undefined,
    authFailureDelay: 1,
  });
  const answers = ["guess", "open sesame"];
  const { stdout, stderr } = await ssh(bench, ["-o", "PreferredAuthentications=password"], askpass(answers));
  expect(stdout, stderr).toBe("hello");
  expect(bench.accepted[0]?.peer).toMatchObject({ user: "alice", authMethods: ["password"], scopes: ["notes:*"] });
  expect(bench.accepted[0]?.peer.fingerprint).toBeUndefined();
  expect(reason(bench)).toBe("wrong password");
  expect(JSON.stringify(bench.log.lines)).not.toMatch(/sesame|guess/);
});

itWith(["ssh"], "ssh changes an expired password, after one that is rejected", async () => {
  let current = "old";
  const bench = await startBench({
    verifyPassword: ({ password, newPassword }) => {
      if (password !== current) return undefined;
      if (newPassword === undefined) return { changePassword: "Your password has expired." };
      if (newPassword.length < 8) return { changePassword: "That is too short." };
      current = newPassword;
      return { scopes: [] };
    },
  });
  // ssh prompts for the old password again with each change, and for the new one twice.
  const answers = ["old", "old", "short", "short", "old", "much longer", "much longer"];
  const { stdout, stderr } = await ssh(bench, ["-o", "PreferredAuthentications=password"], askpass(answers));
  expect(stdout, stderr).toBe("hello");
  expect(stderr).toMatch(/Your password has expired\.[\s\S]*That is too short\./);
  expect(current).toBe("much longer");
});

itWith(["ssh"], "ssh is prompted for the password by keyboard-interactive if it prefers that", async () => {
  const bench = await startBench({
    verifyPassword: ({ password }) => (password === "right" ? { scopes: [] } : undefined),
  });
  const only = ["-o", "PreferredAuthentications=keyboard-interactive"];
  const { stdout, stderr } = await ssh(bench, only, askpass(["right"]));
  expect(stdout, stderr).toBe("hello");
  expect(bench.accepted[0]?.peer.authMethods).toEqual(["keyboard-interactive"]);
});

itWith(["ssh"], "ssh needs a key and a password if both are required", async () => {
  const bench = await startBench({
    verifyPassword: ({ password }) => (password === "right" ? { scopes: ["notes:read", "admin"] } : undefined),
    requiredMethods: ["publickey", "password"],
  });
  const { stdout, stderr } = await ssh(bench, ["-i", bench.alice.file], askpass(["right"]));
  expect(stdout, stderr).toBe("hello");
  expect(bench.accepted[0]?.peer).toMatchObject({
    authMethods: ["publickey", "password"],
    scopes: ["notes:read"],
    keyName: "alice@laptop",
  });
  const keyless = await ssh(bench, ["-o", "PreferredAuthentications=password"], askpass(["right"]));
  expect(keyless.stderr).toMatch(/Permission denied \(publickey\)/);
});

itWith(["ssh"], "ssh logs in with the method none if `anonymous` is set", async () => {
  const bench = await startBench({ anonymous: { scopes: ["public:*"] } });
  const { stdout, stderr } = await ssh(bench, ["-o", "PreferredAuthentications=none"]);
  expect(stdout, stderr).toBe("hello");
  expect(bench.accepted[0]?.peer).toMatchObject({ user: "alice", authMethods: ["none"], scopes: ["public:*"] });
});

const PROMPTS = `
import asyncio, asyncssh, sys
class Client(asyncssh.SSHClient):
    def kbdint_auth_requested(self):
        return ""
    def kbdint_challenge_received(self, name, instructions, lang, prompts):
        print([name, instructions, [list(prompt) for prompt in prompts]])
        return [{"Name? ": "alice", "Code: ": "123456"}[text] for text, echo in prompts]
async def main(port, known):
    connection, _ = await asyncssh.create_connection(Client, "127.0.0.1", int(port), username="alice", client_keys=None,
        known_hosts=known, agent_path=None, config=None)
    async with connection:
        process = await connection.create_process(subsystem="sshrpc")
        process.stdin.write("hello")
        process.stdin.write_eof()
        print(await process.stdout.read())
asyncio.run(main(*sys.argv[1:]))
`;

itWith(
  ["python3-asyncssh"],
  "asyncssh answers several rounds of prompts, with echo, and a message without prompts",
  async () => {
    const bench = await startBench({
      keyboardInteractive: async ({ user }, prompt) => {
        const [name] = await prompt({
          title: "Welcome",
          instruction: "Who is it?",
          prompts: [{ text: "Name? ", echo: true }],
        });
        const [code] = await prompt({ prompts: ["Code: "] });
        const none = await prompt({ title: "Note", instruction: "The office closes at six." });
        return name === user && code === "123456" && none.length === 0 ? { scopes: ["*"] } : undefined;
      },
    });
    const { stdout, stderr } = await run(PYTHON, [
      "-W",
      "ignore",
      "-c",
      PROMPTS,
      String(bench.listener.port),
      bench.knownHosts,
    ]);
    expect(stdout.split("\n"), stderr).toEqual([
      "['Welcome', 'Who is it?', [['Name? ', True]]]",
      "['', '', [['Code: ', False]]]",
      "['Note', 'The office closes at six.', []]",
      "hello",
      "",
    ]);
    expect(JSON.stringify(bench.log.lines)).not.toContain("123456");
  },
);

/** An askpass program that returns one answer for each prompt of ssh. */
function askpass(answers: readonly string[]): NodeJS.ProcessEnv {
  const directory = tempDir();
  writeFileSync(`${directory}/answers`, `${answers.join("\n")}\n`);
  const script = `#!/bin/sh\nhead -n 1 '${directory}/answers'\nsed -i 1d '${directory}/answers'\n`;
  return { SSH_ASKPASS: write(directory, "askpass", script, 0o700), SSH_ASKPASS_REQUIRE: "force", DISPLAY: ":0" };
}
