import { serveHandlers } from "sshrpc/server";
import { expect, onTestFinished } from "vitest";
import { type ConformanceClient, connect } from "../conformance/generated/client.js";
import { defineHandlers } from "../conformance/generated/server.js";
import { conformanceHandlers, Waits } from "../conformance/handlers.js";
import { makeKey, TestLog, tempDir, write } from "../unit/runtime/ssh/support.js";
import { ECHO, open, reaches } from "./client.js";
import { itWithNewerOpenssh } from "./newer-openssh.js";
import { run } from "./run.js";
import { serveNotesOverSsh } from "./served.js";
import { startSshd } from "./sshd.js";
import { startStdioSshd } from "./stdio-sshd.js";

const HYBRID = "mlkem768x25519-sha256";
const REQUIRED = { kex: [HYBRID] };

/** Bytes after which either side of the tests begins a rekey. */
const MIB = 1024 * 1024;

/** Timeout in ms of tests that start many processes. */
const SLOW = 120_000;

/** Calls of each kind: one value, and 4 MiB of items up, and up and down at once. */
async function callEveryKind(client: ConformanceClient): Promise<void> {
  const items = Array.from({ length: 400 }, () => ({ text: "x".repeat(10_240) }));
  const bytes = items.length * 10_240;
  expect(await client.item.get({ id: 7 })).toEqual({ id: 7 });
  const upload = client.run.store({ name: "up" }, items);
  let received = 0;
  for await (const { text } of client.run.update({ name: "both", echo: true }, items)) received += text.length;
  expect(received).toBe(bytes);
  expect((await upload).bytes).toBe(bytes);
}

itWithNewerOpenssh(
  "ssh of OpenSSH 10 runs commands at our server with mlkem768x25519-sha256, and prints no warning",
  async (openssh) => {
    const served = await serveNotesOverSsh({ algorithms: REQUIRED });
    const command = ["GET", "/notes/1"];
    const quiet = await run(openssh.ssh, [...served.ssh, ...command]);
    expect(quiet).toMatchObject({ status: 0, stderr: "", stdout: expect.stringContaining('"id":1') });
    const verbose = await run(openssh.ssh, ["-vv", ...served.ssh, ...command]);
    expect(verbose.stderr).toContain(`kex: algorithm: ${HYBRID}`);
    expect(verbose.stdout).toBe(quiet.stdout);
    const lines = served.log.with("authenticated").map(({ fields }) => fields["kex"]);
    expect(lines).toEqual([HYBRID, HYBRID]);
  },
  SLOW,
);

itWithNewerOpenssh(
  "ssh of OpenSSH 10 uses curve25519 at a server without mlkem768x25519-sha256",
  async (openssh) => {
    const served = await serveNotesOverSsh({ algorithms: { kex: ["curve25519-sha256"] } });
    const { status, stderr } = await run(openssh.ssh, ["-v", ...served.ssh, "GET", "/notes/1"]);
    expect(stderr).toContain("kex: algorithm: curve25519-sha256");
    expect(status).toBe(0);
  },
  SLOW,
);

itWithNewerOpenssh(
  "a typed client over ssh of OpenSSH 10 calls methods of every kind while both sides rekey with mlkem768x25519-sha256",
  async (openssh) => {
    const directory = tempDir();
    const [host, alice] = [makeKey(directory, "host"), makeKey(directory, "alice")];
    const log = new TestLog();
    const server = await serveHandlers(defineHandlers(conformanceHandlers(new Waits())), {
      ...{ port: 0, log, algorithms: REQUIRED, rekeyBytes: MIB },
      hostKeys: { privateKey: host.privateKey },
      authorizedKeys: { lines: [`scopes="items:*" ${alice.line} alice`] },
    });
    onTestFinished(() => server.close());
    const client = await connect(`ssh://alice@127.0.0.1:${server.port}`, {
      ...{ transport: "openssh", reconnect: false, algorithms: REQUIRED },
      ...{ identity: alice.file, agent: false, sshConfig: false },
      knownHosts: write(directory, "known_hosts", `[127.0.0.1]:${server.port} ${host.line}\n`),
      openssh: { program: openssh.ssh, args: ["-o", "RekeyLimit=1M"] },
    });
    onTestFinished(() => client.close());
    await callEveryKind(client);
    expect(log.with("new keys").length).toBeGreaterThan(3);
  },
  SLOW,
);

itWithNewerOpenssh(
  "our client calls methods of every kind through sshd of OpenSSH 10, which rekeys with mlkem768x25519-sha256",
  async (openssh) => {
    const sshd = await startStdioSshd((serve) => ({
      program: openssh.sshd,
      config: [
        ...openssh.config,
        ...[`KexAlgorithms ${HYBRID}`, "LogLevel DEBUG1", "RekeyLimit 1M"],
        `Subsystem sshrpc ${serve("--scopes items:\\*")}`,
      ],
    }));
    await callEveryKind(await sshd.overSsh2());
    expect(sshd.log().match(/kex: algorithm: mlkem768x25519-sha256/g)?.length).toBeGreaterThan(3);
  },
  SLOW,
);

itWithNewerOpenssh(
  "our client prefers mlkem768x25519-sha256 at sshd of OpenSSH 10, and can do without it",
  async (openssh) => {
    const config = [...openssh.config, ECHO, `KexAlgorithms curve25519-sha256,${HYBRID}`];
    const { address, key, knownHosts } = await startSshd({ program: openssh.sshd, config });
    const options = { identity: key.file, knownHosts };
    await reaches(address, options);
    const kexOf = async (kex?: readonly string[]) =>
      (await open(address, { ...options, ...(kex && { algorithms: { kex } }) })).algorithms?.kex;
    expect(await kexOf()).toBe(HYBRID);
    expect(await kexOf([HYBRID])).toBe(HYBRID);
    expect(await kexOf(["curve25519-sha256"])).toBe("curve25519-sha256");
  },
  SLOW,
);
