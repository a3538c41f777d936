import { readFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import type { ConnectOptions } from "sshrpc/client";
import { connectApi } from "sshrpc/generated";
import { expect, test } from "vitest";
import { failure, tempDir, write } from "../ssh/support.js";
import { apiOf } from "../support/server.js";

/** Connects with a script in place of ssh, which records its arguments and exits with status 1. */
async function run(target: string, { openssh, ...options }: ConnectOptions = {}) {
  const directory = tempDir();
  const record = `#!/bin/bash\nprintf '%s\\0' "$@" > ${directory}/arguments\nexit 1\n`;
  const program = write(directory, "ssh", record, 0o700);
  const all = { transport: "openssh", reconnect: false, connectTimeout: 10_000, ...options } as const;
  const error = await failure(connectApi(apiOf(), target, { ...all, openssh: { ...openssh, program } }));
  return { error, args: () => readFileSync(`${directory}/arguments`, "utf8").split("\0").slice(0, -1) };
}

/** The arguments that ssh gets. */
const argumentsOf = async (target: string, options?: ConnectOptions) => (await run(target, options)).args();

test("a bare host name adds only the options that protect the frames and limit the waits", async () => {
  expect((await argumentsOf("edge")).join(" ")).toBe(
    "-T -x -a -o ClearAllForwardings=yes -o PermitLocalCommand=no -o RemoteCommand=none -o LogLevel=ERROR " +
      "-o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=15 -o ServerAliveCountMax=3 -s -- edge sshrpc",
  );
});

test.each<[string, ConnectOptions, string]>([
  ["a key", { identity: "/k e/y%" }, '-o IdentityFile="/k e/y%%" -o IdentitiesOnly=yes'],
  ["keys of an agent", { identity: ["a", "b"], identitiesOnly: false }, '"a" -o IdentityFile="b" -o IdentitiesOnly=no'],
  ["no agent", { agent: false }, "-o IdentityAgent=none"],
  ["an agent", { agent: "/run/agent" }, '-o IdentityAgent="/run/agent"'],
  ["a certificate", { certificate: "c.pub" }, '-o CertificateFile="c.pub"'],
  ["known hosts", { knownHosts: ["a", "b c"] }, '-o UserKnownHostsFile="a" "b c" -o GlobalKnownHostsFile=/dev/null'],
  ["strict trust", { hostKey: "strict" }, "-o StrictHostKeyChecking=yes"],
  ["trust on first use", { hostKey: "accept-new" }, "-o StrictHostKeyChecking=accept-new"],
  ["learned host keys", { updateHostKeys: true }, "-o UpdateHostKeys=yes"],
  ["another name", { hostKeyAlias: "farm", hashKnownHosts: true }, '-o HostKeyAlias="farm" -o HashKnownHosts=yes'],
  ["jump hosts", { jump: ["a@b", "ssh://c:22"] }, "-o ProxyJump=ssh://a@b,ssh://c:22"],
  [
    "algorithms",
    { algorithms: { kex: ["mlkem768x25519-sha256"], cipher: ["a@b", "c"], hmac: ["d"] } },
    "-o KexAlgorithms=mlkem768x25519-sha256 -o Ciphers=a@b,c -o MACs=d -o ControlPath=none",
  ],
  ["no jump host", { jump: [] }, "-o ProxyJump=none"],
  ["no configuration", { sshConfig: false }, "-F none"],
  ["a configuration", { sshConfig: "/etc/other" }, "-F /etc/other"],
  ["keepalive", { keepaliveInterval: 1500, keepaliveCountMax: 9 }, "-o ServerAliveInterval=2 -o ServerAliveCountMax=9"],
  ["no keepalive", { keepaliveInterval: 0 }, "-o ServerAliveInterval=0"],
  ["prompts", { openssh: { interactive: true } }, "-o BatchMode=no"],
  ["a command", { openssh: { command: "sshrpc serve --stdio" } }, "-- edge sshrpc serve --stdio"],
])("passes on %s", async (_, options, expected) => {
  expect((await argumentsOf("edge", options)).join(" ")).toContain(expected);
});

test("the user's arguments come first, so that they take precedence", async () => {
  const args = await argumentsOf("edge", { openssh: { args: ["-o", "BatchMode=no"] } });
  expect(args.slice(0, 2)).toEqual(["-o", "BatchMode=no"]);
});

test("user and port are separate arguments", async () => {
  expect(await argumentsOf("ssh://al.ice@edge:8022")).toEqual(
    expect.arrayContaining(["-l", "al.ice", "-p", "8022", "--", "edge"]),
  );
});

test.each<[string, ConnectOptions]>([
  ["hostKey", { hostKey: `SHA256:${"a".repeat(43)}` }],
  ["hostKey", { hostKey: () => true }],
  ["identity", { identity: { privateKey: "-----BEGIN" } }],
  ["identity", { identity: 'a"b' }],
  ["knownHosts", { knownHosts: "\u0024{HOME}/x" }],
  ["agent", { agent: "a\nProxyCommand x" }],
  ["algorithms.kex", { algorithms: { kex: [] } }],
  ["algorithms.cipher", { algorithms: { cipher: ["a b"] } }],
  ["algorithms.kex", { algorithms: { kex: ["-curve25519-sha256"] } }],
])("the option %s is refused if ssh has no equivalent", async (option, options) => {
  const { error, args } = await run("edge", options);
  expect(error).toMatchObject({
    status: "BAD_REQUEST",
    message: expect.stringContaining(`option ${option}: not supported by the transport openssh: `),
  });
  expect(args).toThrow(/ENOENT/);
});

const PROMPT = "ssh accepts it only at a prompt; set openssh.interactive so that ssh prompts";
const PROXY = "ssh has a ProxyCommand instead: set it in ~/.ssh/config, or with openssh.args";

test.each<[string, ConnectOptions, string]>([
  [
    "passphrase",
    { passphrase: "x" },
    "ssh accepts it only at a prompt; add the key to an agent, or set openssh.interactive so that ssh prompts",
  ],
  ["password", { password: "x" }, PROMPT],
  ["newPassword", { newPassword: () => "x" }, PROMPT],
  ["prompts", { prompts: () => [] }, PROMPT],
  ["proxy", { proxy: "socks5://127.0.0.1:1080" }, PROXY],
  ["sock", { sock: () => new PassThrough() }, PROXY],
])("the option %s is refused with what ssh has instead", async (option, options, instead) => {
  const { error, args } = await run("edge", options);
  expect(error).toMatchObject({
    status: "BAD_REQUEST",
    message: `option ${option}: not supported by the transport openssh: ${instead}`,
  });
  expect(args).toThrow(/ENOENT/);
});

test.each([
  "-oProxyCommand=id",
  "alice@-oProxyCommand=id",
  "-l@edge",
  "a;id@edge",
  "$(id)@edge",
  "`id`@edge",
  "a\\@edge",
  "edge;id",
  "edge$(id)",
  "ed ge",
  "ed\nge",
  "",
  "alice@",
  "alice:secret@edge",
  "edge:0",
  "edge:99999",
  "ssh://edge/path",
])("refuses a destination that could be an option or shell text: %j", async (target) => {
  const { error, args } = await run(target);
  expect(error).toMatchObject({ status: "BAD_REQUEST" });
  expect(args).toThrow(/ENOENT/);
});

test("a jump host is validated like a destination", async () => {
  const { error, args } = await run("edge", { jump: "-oProxyCommand=id" });
  expect(error.message).toMatch(/^invalid address /);
  expect(args).toThrow(/ENOENT/);
});

test.each([
  ["edge", "ssh://edge"],
  ["alice@edge", "ssh://alice@edge"],
  ["DOMAIN\\alice@edge", "ssh://DOMAIN%5Calice@edge"],
  ["a@b@edge", "ssh://a%40b@edge"],
  ["ssh://alice@[::1]:8022", "ssh://alice@[::1]:8022"],
  ["::1", "ssh://[::1]"],
])("an error names the destination %s as %s", async (text, address) => {
  const { error } = await run(text);
  expect(error.message).toContain(`no connection to ${address}: `);
});
