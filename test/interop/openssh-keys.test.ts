import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { expect, onTestFinished } from "vitest";
import { type ConformanceClient, connect } from "../conformance/generated/client.js";
import { takeKey } from "../fixtures/keys.js";
import { tempDir, write } from "../unit/runtime/ssh/support.js";
import { failure } from "../unit/runtime/support/wait.js";
import { certify } from "./client.js";
import { startDeviceAgent } from "./device-agent.js";
import { run } from "./run.js";
import { SSHD, type Sshd, USER } from "./sshd.js";
import { startStdioSshd } from "./stdio-sshd.js";
import { itWith } from "./stock.js";

/** A library that emulates a FIDO device, from Debian's package openssh-tests; ssh loads it in place of its own. */
const DEVICE = "/usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so";

const SCOPES = "--scopes items:\\*";
const POST_QUANTUM = "sntrup761x25519-sha512@openssh.com";

/** Timeout in ms of tests that start many processes. */
const SLOW = 60_000;

/** An ssh configuration in which `edge` is an sshd; the first value of an option applies (ssh_config(5)). */
function config(sshd: Sshd, ...lines: readonly string[]): string {
  const host = ["Host edge", "HostName 127.0.0.1", `Port ${sshd.port}`, `User ${USER}`];
  const trust = [`UserKnownHostsFile ${sshd.knownHosts}`, "GlobalKnownHostsFile /dev/null", "IdentitiesOnly yes"];
  return write(tempDir(), "config", [...host, ...lines, ...trust, ""].join("\n"));
}

/** A client of `edge` that is closed after the test. */
async function edge(sshConfig: string): Promise<ConformanceClient> {
  const client = await connect("edge", { transport: "openssh", sshConfig, reconnect: false });
  onTestFinished(() => client.close());
  return client;
}

itWith(
  ["ssh", SSHD],
  "an sshd with only post-quantum key exchange is reached through ssh, and the built-in transport names that transport",
  async () => {
    const sshd = await startStdioSshd((serve) => ({
      config: [`KexAlgorithms ${POST_QUANTUM}`, "LogLevel DEBUG1", `Subsystem sshrpc ${serve(SCOPES)}`],
    }));
    const client = await sshd.overOpenssh();
    expect(await client.item.get({ id: 7 })).toEqual({ id: 7 });
    await expect.poll(sshd.log).toContain(`kex: algorithm: ${POST_QUANTUM}`);
    expect(await failure(sshd.overSsh2())).toMatchObject({
      status: "UNAVAILABLE",
      message: expect.stringMatching(
        /no common key exchange algorithm: the server offers sntrup761x25519-sha512.*; .*transport: "openssh"/,
      ),
    });
  },
  SLOW,
);

itWith(["ssh", SSHD], "a key exchange that sshd does not have is named as a possible reason over ssh", async () => {
  const sshd = await startStdioSshd();
  expect(await failure(sshd.overOpenssh({ algorithms: { kex: ["diffie-hellman-group18-sha512"] } }))).toMatchObject({
    status: "UNAVAILABLE",
    message: expect.stringMatching(/no common algorithm: compare the option algorithms with the output of `ssh -v`$/),
  });
});

itWith(
  ["ssh", SSHD, "ssh-keygen"],
  "a certificate of ~/.ssh/config is used, and its connection is shared",
  async () => {
    const authority = takeKey("ed25519", "authority");
    const alice = takeKey("ed25519", "alice");
    await certify(authority, alice, "-I", "alice@laptop", "-n", USER, "-z", "42");
    const certificate = write(tempDir(), "elsewhere.pub", readFileSync(`${alice}-cert.pub`));
    const identity = write(tempDir(), "alice", readFileSync(alice));
    const sshd = await startStdioSshd((serve) => ({
      config: ["ExposeAuthInfo yes", `TrustedUserCAKeys ${authority}.pub`, `Subsystem sshrpc ${serve(SCOPES)}`],
      authorizedKeys: () => [],
    }));
    const keys = ["IdentityAgent none", `IdentityFile ${identity}`];
    const control = `${tempDir()}/control`;
    const sharing = ["ControlMaster auto", `ControlPath ${control}`, "ControlPersist 30"];
    // The key alone is rejected.
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
  "a FIDO key authenticates through ssh, and is rejected without its device",
  async () => {
    const key = `${tempDir()}/device`;
    const made = await run("ssh-keygen", ["-q", "-N", "", "-t", "ed25519-sk", "-w", DEVICE, "-f", key]);
    expect(made.status, made.stderr).toBe(0);
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
  "a FIDO key of an agent authenticates through ssh",
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
