import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { expect, onTestFinished } from "vitest";
import { type ConformanceClient, connect } from "../conformance/generated/client.js";
import { tempDir, write } from "../unit/runtime/ssh/support.js";
import { failure } from "../unit/runtime/support/wait.js";
import { keygen } from "./client.js";
import { startDeviceAgent } from "./device-agent.js";
import { SSHD, type Sshd, USER } from "./sshd.js";
import { startStdioSshd } from "./stdio-sshd.js";
import { itWith } from "./stock.js";

/** A library that stands for a FIDO device, of Debian's package openssh-tests: ssh loads it in place of its own. */
const DEVICE = "/usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so";

const SCOPES = "--scopes items:\\*";
const POST_QUANTUM = "sntrup761x25519-sha512@openssh.com";

/** Milliseconds for tests that start many processes, on a machine that others use, too. */
const SLOW = 60_000;

/** A file like ~/.ssh/config, by which `ssh edge` reaches an sshd; the first line of a name counts (ssh_config(5)). */
function config(sshd: Sshd, ...lines: readonly string[]): string {
  const host = ["Host edge", "HostName 127.0.0.1", `Port ${sshd.port}`, `User ${USER}`];
  const trust = [`UserKnownHostsFile ${sshd.knownHosts}`, "GlobalKnownHostsFile /dev/null", "IdentitiesOnly yes"];
  return write(tempDir(), "config", [...host, ...lines, ...trust, ""].join("\n"));
}

/** A client of `edge` that goes away with the test. */
async function edge(sshConfig: string): Promise<ConformanceClient> {
  const client = await connect("edge", { protocol: "openssh", sshConfig, reconnect: false });
  onTestFinished(() => client.close());
  return client;
}

itWith(
  ["ssh", SSHD],
  "an sshd that has post-quantum key exchange alone is reached through ssh, and our own transport says what to do",
  async () => {
    const sshd = await startStdioSshd((serve) => ({
      config: [`KexAlgorithms ${POST_QUANTUM}`, "LogLevel DEBUG1", `Subsystem sshrpc ${serve(SCOPES)}`],
    }));
    const client = await sshd.overOpenssh();
    expect(await client.item.get({ id: 7 })).toEqual({ id: 7 });
    await expect.poll(sshd.log).toContain(`kex: algorithm: ${POST_QUANTUM}`);
    expect(await failure(sshd.overSsh2())).toMatchObject({
      status: "UNAVAILABLE",
      message: expect.stringMatching(/no key exchange algorithm in common.*post-quantum.*protocol: "openssh"/),
    });
  },
  SLOW,
);

itWith(
  ["ssh", SSHD, "ssh-keygen"],
  "a certificate that ~/.ssh/config names counts, and the connection that it opened is shared",
  async () => {
    const authority = keygen("authority", "-t", "ed25519");
    const alice = keygen("alice", "-t", "ed25519");
    const args = ["-q", "-s", authority, "-I", "alice@laptop", "-n", USER, "-z", "42", `${alice}.pub`];
    expect(spawnSync("ssh-keygen", args).status).toBe(0);
    const certificate = write(tempDir(), "elsewhere.pub", readFileSync(`${alice}-cert.pub`));
    const identity = write(tempDir(), "alice", readFileSync(alice));
    const sshd = await startStdioSshd((serve) => ({
      config: ["ExposeAuthInfo yes", `TrustedUserCAKeys ${authority}.pub`, `Subsystem sshrpc ${serve(SCOPES)}`],
      authorizedKeys: () => [],
    }));
    const keys = ["IdentityAgent none", `IdentityFile ${identity}`];
    const control = `${tempDir()}/control`;
    const sharing = ["ControlMaster auto", `ControlPath ${control}`, "ControlPersist 30"];
    // The key alone opens nothing.
    expect(await failure(edge(config(sshd, ...keys)))).toMatchObject({ status: "UNAUTHENTICATED" });
    const sshConfig = config(sshd, ...keys, `CertificateFile ${certificate}`, ...sharing);
    onTestFinished(() => void spawnSync("ssh", ["-F", sshConfig, "-O", "exit", "edge"]));
    for (const client of [await edge(sshConfig), await edge(sshConfig)]) {
      expect(await client.headers.get()).toContainEqual({ name: "certificate", values: ["alice@laptop", "42"] });
    }
    expect(existsSync(control)).toBe(true);
    await expect.poll(() => sshd.log().match(/Accepted publickey .*-CERT/g)).toHaveLength(1);
  },
  SLOW,
);

itWith(
  ["ssh", SSHD, "ssh-keygen", DEVICE],
  "a key that a FIDO device holds logs in through ssh, and without its device it is refused",
  async () => {
    const key = keygen("device", "-t", "ed25519-sk", "-w", DEVICE);
    const sshd = await startStdioSshd((serve) => ({
      config: ["ExposeAuthInfo yes", `Subsystem sshrpc ${serve(SCOPES)}`],
      authorizedKeys: () => [readFileSync(`${key}.pub`, "utf8").trim()],
    }));
    const keys = ["IdentityAgent none", `IdentityFile ${key}`];
    const client = await edge(config(sshd, ...keys, `SecurityKeyProvider ${DEVICE}`));
    expect(await client.item.get({ id: 7 })).toEqual({ id: 7 });
    await expect.poll(sshd.log).toMatch(/Accepted publickey .* ED25519-SK/);
    expect(await failure(edge(config(sshd, ...keys, "SecurityKeyProvider /nowhere/provider.so")))).toMatchObject({
      status: "UNAUTHENTICATED",
      message: expect.stringMatching(/accepts none of the keys.*Permission denied/),
    });
  },
  SLOW,
);

itWith(
  ["ssh", SSHD],
  "a FIDO key of an agent logs in through ssh",
  async () => {
    const device = await startDeviceAgent();
    const sshd = await startStdioSshd((serve) => ({
      config: [`Subsystem sshrpc ${serve(SCOPES)}`],
      authorizedKeys: () => [device.line],
    }));
    const client = await edge(config(sshd, "IdentitiesOnly no", `IdentityAgent ${device.socket}`, "IdentityFile none"));
    expect(await client.item.get({ id: 7 })).toEqual({ id: 7 });
    await expect.poll(sshd.log).toMatch(/Accepted publickey .* ED25519-SK/);
  },
  SLOW,
);
